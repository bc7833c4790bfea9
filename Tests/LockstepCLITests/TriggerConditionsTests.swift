import Lockstep
import LockstepCLI
import Testing

@Suite struct TriggerConditionsTests {
    private static let port = "svc:/web:default/:properties/http/port"

    @Test func `every option makes its condition, which speaks for itself`() throws {
        var options = TriggerConditions()
        options.forbidChange = ["svc:/a"]
        options.forbidDeletion = ["svc:/b"]
        options.demandChange = ["svc:/c"]
        options.demandNote = ["who"]
        options.mostChanges = 3
        options.requirePresent = ["svc:/web"]
        options.requireAbsent = [Self.port]
        options.requireType = [Self.port + "=count"]
        options.requireValue = [Self.port + "=80", "svc:/d/:properties/g/p=x=y", Self.port + "=81"]
        options.requireRange = [Self.port + "=-1..65535"]
        options.requireRow = ["properties:0aFF"]
        options.forbidRow = ["triggers:01"]
        let conditions = try options.conditions()
        #expect(
            conditions.map(\.demand) == [
                .noChange(keyPrefix: "svc:/a"), .noDeletion(keyPrefix: "svc:/b"),
                .someChange(keyPrefix: "svc:/c"), .note("who"), .mostChanges(3),
                .present(.properties, key: "svc:/web"), .absent(.properties, key: Self.port),
                .typed(.properties, key: Self.port, type: "count"),
                .equal(.properties, key: Self.port, values: ["80", "81"]),
                .equal(.properties, key: "svc:/d/:properties/g/p", values: ["x=y"]),
                .inRange(.properties, key: Self.port, lower: -1, upper: 65_535),
                .rowPresent(store: .properties, key: [0x0A, 0xFF]),
                .rowAbsent(store: .triggers, key: [1]),
            ])
        #expect(conditions[8].message == "\(Self.port) must be 80, 81")
        #expect(conditions[10].message == "\(Self.port) must lie in -1..65535")
        options.message = "no"
        #expect(try options.conditions().allSatisfy { $0.message == "no" })
    }

    @Test func `a malformed condition is told by its option`() {
        let port = Self.port
        typealias Texts = WritableKeyPath<TriggerConditions, [String]>
        let malformed: [(Texts, String, TriggerConditions.Option, String)] = [
            (\.requirePresent, "a b", .requirePresent, "\"a b\" is no path"),
            (\.requireAbsent, "", .requireAbsent, "\"\" is no path"),
            (\.requireType, "svc:/a=x", .requireType, "\"svc:/a=x\" is not PROPERTY=TYPE"),
            (\.requireType, port + "=int", .requireType, "\"int\" must be one of boolean, count"),
            (\.requireValue, port, .requireValue, "\"\(port)\" is not PROPERTY=VALUE"),
            (\.requireRange, port + "=9..1", .requireRange, "\"9..1\" has its lower end"),
            (\.requireRange, port + "=1..", .requireRange, "\"1..\" is no range"),
            (\.requireRow, "properties", .requireRow, "\"properties\" is not STORE:KEY"),
            (\.forbidRow, "files:01", .forbidRow, "\"files:01\" is not STORE:KEY"),
            (\.forbidRow, "properties:012", .forbidRow, "\"properties:012\" is not STORE:KEY"),
        ]
        for (option, text, name, beginning) in malformed {
            var options = TriggerConditions()
            options[keyPath: option] = [text]
            do throws(TriggerConditions.Fault) {
                _ = try options.conditions()
                Issue.record("\(text) is taken")
            } catch {
                #expect(error.option == name)
                #expect(error.message.hasPrefix(beginning), "\(error.message)")
            }
        }
    }
}
