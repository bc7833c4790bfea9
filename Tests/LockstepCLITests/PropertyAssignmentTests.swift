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
        (["c/p", "=", "localhost:80"], nil, ["localhost:80"]),
        (["c/p", "=", "host:", "host:80"], .host, ["host:80"]),
        (["c/p", "=", "\"host:80\""], nil, ["host:80"]),
        (["c/p", "=", "(host:80)"], nil, ["host:80"]),
        (["c/p", "=", "uri:", "http://a/b=c"], .uri, ["http://a/b=c"]),
        (["c/p", "=", "net_address_v6:", "::1"], .netAddressV6, ["::1"]),
        (["c/p", "=", "astring:", "  padded "], .astring, ["  padded "]),
        (["c/p", "=", " "], nil, [" "]),
        (["c/p", "=", "astring:", "two words "], .astring, ["two words "]),
        (["c/p", "=", "astring:", "Note: text "], .astring, ["Note: text "]),
        (["c/p", "=", "\u{A0}x\u{A0}"], nil, ["\u{A0}x\u{A0}"]),
        (["c/p = astring: x "], .astring, ["x"]),
        (["c/p", "=", "(two\\ words \"\" \\) a\\\"b)"], nil, ["two words", "", ")", "a\"b"]),
        (["c/p", "=", "(\"a\"\t\"b\")"], nil, ["a", "b"]),
        (["c/p", "=", "\u{301}x"], nil, ["\u{301}x"]),
        (["c/p=\u{301}x"], nil, ["\u{301}x"]),
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
        (["c/p", "=", "astring:b"], "write astring: b for the former"),
        (["c/p=astring:b"], "write astring: b for the former"),
        (["c/p", "=", "host:80"], "write host: 80 for the former"),
        (["c/p", "=", "a", "b"], "write several values as (VALUE VALUE)"),
        (["c/p", "=", "count:", "5", "-s", "a:b"], "options such as -s stand in front of c/p"),
        (["c/p", "=", "(a b"], "not closed by )"),
        (["c/p", "=", "(a b) c"], "\" c\" follows the list"),
        (["c/p", "=", "\"a"], "not closed by a quote"),
        (["c/p", "=", "\"a\" b"], "follows a value"),
        (["c/p", "=", "(\"a\"b)"], "\"b)\" follows a quote; put a blank between"),
        (["c/p", "=", "(a\\"], "not closed by )"),
        (["c/p", "=", "Note: text"], "a value that begins so wants quotes"),
    ])
    func `what cannot be read is told with what to write`(_ words: [String], _ text: String) {
        let failure = #expect(throws: CommandFailure.self) {
            try PropertyAssignment(assignment: words)
        }
        #expect(failure?.exit == .usage)
        #expect(failure?.text.contains(text) == true, "\(failure?.text ?? "")")
    }

    @Test func `a list reads what a listing writes`() throws {
        let texts = Array(" ;&()|^<>\n\t\\\"'`=:$").map { "a\($0)b\($0)" } + ["", "x", "\r\n"]
        let written = texts.map { PropertyLine.quoted(Array($0.utf8)) }.joined(separator: [0x20])
        let text = String(decoding: Array(written), as: UTF8.self)
        let assignment = try PropertyAssignment(assignment: ["c/p", "=", "astring:", "(\(text))"])
        #expect(assignment.values == texts)
    }

    @Test func `an addition has no sign between`() throws {
        let addition = try PropertyAssignment(addition: ["c/p", "astring:", "a=b"])
        #expect(addition.target == "c/p")
        #expect(addition.type == .astring)
        #expect(addition.values == ["a=b"])
        #expect(throws: CommandFailure.self) { try PropertyAssignment(addition: ["c/p"]) }
        #expect(try PropertyAssignment(addition: ["c/p", "="]).values == ["="])
        let failure = #expect(throws: CommandFailure.self) {
            try PropertyAssignment(addition: ["c/p", "=", "5"])
        }
        #expect(failure?.text.hasPrefix("addpropvalue takes no =") == true)
    }
}
