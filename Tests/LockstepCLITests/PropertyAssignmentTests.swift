import LockstepCLI
import Properties
import Testing

/// What svccfg's users write behind *setprop* and *addpropvalue*.
@Suite struct PropertyAssignmentTests {
    private typealias Row = (words: [String], type: PropertyType?, values: [String])

    private static let assignments: [Row] = [
        (["c/p", "=", "count:", "5"], .count, ["5"]),
        (["c/p=5"], nil, ["5"]),
        (["c/p", "=", "5"], nil, ["5"]),
        (["c/p = integer: -5"], .integer, ["-5"]),
        (["c/p", "=", "astring:", "\"two words\""], .astring, ["two words"]),
        (["c/p", "=", "astring:", "two words"], .astring, ["two words"]),
        (["c/p", "=", "\"a \\\"b\\\" \\\\c\""], nil, ["a \"b\" \\c"]),
        (["c/p", "=", "astring:", "\"\""], .astring, [""]),
        (["c/p", "=", "astring:", "(a", "\"b c\"", "d)"], .astring, ["a", "b c", "d"]),
        (["c/p", "=", "()"], nil, []),
        (["c/p", "=", "count:(1 2)"], .count, ["1", "2"]),
        (["c/p", "=", "svc:/a/b:c"], nil, ["svc:/a/b:c"]),
        (["c/p", "=", "host:80"], nil, ["host:80"]),
        (["c/p", "=", "uri:", "http://a/b=c"], .uri, ["http://a/b=c"]),
        (["c/p", "=", "net_address_v6:", "::1"], .netAddressV6, ["::1"]),
    ]

    @Test(arguments: assignments.indices)
    func `an assignment is read as svccfg reads it`(_ number: Int) throws {
        let row = Self.assignments[number]
        let assignment = try PropertyAssignment(assignment: row.words)
        #expect(assignment.target == "c/p")
        #expect(assignment.type == row.type)
        #expect(assignment.values == row.values)
    }

    @Test(arguments: [
        (["c/p", "5"], "assigns nothing"),
        (["c/p", "="], "is given no value"),
        (["c/p", "=", "count:", ""], "is given no value"),
        (["c/p", "=", "number:", "5"], "\"number\" is no type; the types are boolean, count"),
        (["c/p", "=", "a", "b"], "write several values as (VALUE VALUE)"),
        (["c/p", "=", "(a b"], "not closed by )"),
        (["c/p", "=", "(a b) c"], "\" c\" follows the list"),
        (["c/p", "=", "\"a"], "not closed by a quote"),
        (["c/p", "=", "\"a\" b"], "follows a value"),
    ])
    func `what cannot be read is told with what to write`(_ words: [String], _ text: String) {
        let failure = #expect(throws: CommandFailure.self) {
            try PropertyAssignment(assignment: words)
        }
        #expect(failure?.exit == .usage)
        #expect(failure?.text.contains(text) == true, "\(failure?.text ?? "")")
    }

    @Test func `an addition has no sign between`() throws {
        let addition = try PropertyAssignment(addition: ["c/p", "astring:", "a=b"])
        #expect(addition.target == "c/p")
        #expect(addition.type == .astring)
        #expect(addition.values == ["a=b"])
        #expect(throws: CommandFailure.self) { try PropertyAssignment(addition: ["c/p"]) }
    }
}
