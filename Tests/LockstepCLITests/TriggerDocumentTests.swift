import JSON
import Lockstep
import LockstepCLI
import Testing

/// Triggers as the steps of a document.
@Suite struct TriggerDocumentTests {
    private static let port = "svc:/a:b/:properties/g/p"

    /// One of each kind, with every demand.
    private static let triggers = [
        Trigger(
            name: "guard",
            action: .beforeCommit(
                [
                    .noChange(keyPrefix: "svc:/a"), .noDeletion(keyPrefix: "svc:/b"),
                    .someChange(keyPrefix: "svc:/c"), .note("who"), .mostChanges(9),
                    .present(.properties, key: "svc:/a"), .absent(.properties, key: "svc:/d"),
                    .typed(.properties, key: port, type: "count"),
                    .equal(.properties, key: port, values: ["1", "a=b"]),
                    .inRange(.properties, key: port, lower: -1, upper: 5),
                    .rowPresent(store: .properties, key: [0x0A, 0xFF]),
                    .rowAbsent(store: .triggers, key: [1]),
                ].map { Trigger.Condition($0, message: "no") }), stores: [.properties],
            keyPrefixes: ["svc:/a"]),
        Trigger(
            name: "tell", action: .afterCommit(program: "tell.sh", arguments: ["-v", "x y"]),
            stores: [.properties, .triggers], keyPrefixes: ["svc:/a", "t"],
            timeout: .milliseconds(1_500), attemptLimit: 3),
        Trigger(name: "undo", action: .afterAbort(program: "undo.sh", arguments: [])),
    ]

    private static let manyStores = Array(repeating: #""spaces""#, count: 17)
        .joined(separator: ", ")

    @Test func `what the list shows of a trigger, without its state, adds the same trigger`() throws
    {
        let state = ["delivered-through", "lag-records", "state", "reason"]
        for trigger in Self.triggers {
            let registered = RegisteredTrigger(
                trigger: trigger, deliveredThrough: 0, suspension: nil)
            let report = TriggerReport([registered], leader: nil)
            guard case .array(let rows) = report.document, case .object(let members)? = rows.first
            else {
                Issue.record("the report is no array of objects")
                return
            }
            let step = JSONValue.object(
                [JSONMember("op", "add-trigger")] + members.filter { !state.contains($0.name) })
            var expected = Transaction()
            expected.removeTrigger(trigger.name)
            try expected.addTrigger(trigger)
            let text = """
                {"steps": [{"op": "remove-trigger", "name": "\(trigger.name)"}, \(step.text)]}
                """
            #expect(try TransactionDocument.read(JSONParser.parse(text)) == expected)
        }
    }

    @Test func `what may be left out has the values of trigger add`() throws {
        var expected = Transaction()
        try expected.addTrigger(
            Trigger(name: "t", action: .afterCommit(program: "p", arguments: [])))
        try expected.addTrigger(
            Trigger(
                name: "u",
                action: .beforeCommit([
                    .init(.noDeletion(keyPrefix: "svc:/a"), message: "svc:/a… must not be deleted"),
                    .init(
                        .equal(.properties, key: Self.port, values: ["1"]),
                        message: "\(Self.port) must be 1"),
                ])))
        let text = """
            {"steps": [
              {"op": "add-trigger", "name": "t", "kind": "post-commit", "program": "p"},
              {"op": "add-trigger", "name": "u", "kind": "pre-commit",
               "conditions": [{"demand": {"forbid-deletion": "svc:/a"}},
                              {"demand": {"require-value": "\(Self.port)=1"}}]}
            ]}
            """
        #expect(try TransactionDocument.read(JSONParser.parse(text)) == expected)
    }

    @Test(arguments: [
        (#""kind": "post-commit""#, "$.steps[0] has no member \"program\""),
        (#""kind": "pre-commit""#, "$.steps[0] has no member \"conditions\""),
        (
            #""kind": "later""#,
            "$.steps[0].kind must be one of pre-commit, post-commit, on-rollback, not \"later\""
        ),
        (
            #""kind": "pre-commit", "conditions": [], "program": "p""#,
            "$.steps[0].program belongs to no trigger of kind pre-commit"
        ),
        (
            #""kind": "on-rollback", "conditions": [], "program": "p""#,
            "$.steps[0].conditions belongs to no trigger of kind on-rollback"
        ),
        (
            #""kind": "pre-commit", "conditions": []"#,
            "$.steps[0] is wrong: pre-commit trigger t needs conditions and takes no program"
        ),
        (
            #""kind": "post-commit", "program": "a/b""#,
            "$.steps[0] is wrong: trigger t needs the name of a program in the trigger folder,"
                + " without a slash, and takes no conditions"
        ),
        (
            #""kind": "post-commit", "program": "p", "stores": ["files"]"#,
            "$.steps[0].stores[0] must be one of properties, revisions, snapshots, spaces,"
                + " triggers, not \"files\""
        ),
        (
            #""kind": "post-commit", "program": "p", "timeout-ms": 3600001"#,
            "$.steps[0].timeout-ms must be a whole number from 1 to 3600000, not 3600001"
        ),
        (
            #""kind": "post-commit", "program": "p", "arguments": ["a\u0000b"]"#,
            "$.steps[0] is wrong: an argument of trigger t has a NUL, which no program can be given"
        ),
        (
            #""kind": "post-commit", "program": "p", "stores": [\#(manyStores)]"#,
            "$.steps[0] is wrong: trigger t has 17 stores; 16 are the most"
        ),
        (
            #""kind": "pre-commit", "conditions": [{"demand": {}}]"#,
            "$.steps[0].conditions[0].demand must have one member, not 0"
        ),
        (
            #""kind": "pre-commit", "conditions": [{"demand": {"require-range": "x"}}]"#,
            "$.steps[0].conditions[0].demand.require-range is wrong: \"x\" is not"
                + " PROPERTY=LOWER..UPPER, such as svc:/web:default/:properties/http/port=…"
        ),
        (
            #""kind": "pre-commit", "conditions": [{"demand": {"require-value": []}}]"#,
            "$.steps[0].conditions[0].demand.require-value must be the values of one property"
        ),
        (
            #""kind": "pre-commit", "conditions": [{"demand": {"most-changes": "9"}}]"#,
            "$.steps[0].conditions[0].demand.most-changes must be a whole number from 0 to"
                + " 18446744073709551615, not a string"
        ),
    ])
    func `what is no trigger is told by its path`(members: String, message: String) throws {
        let text = "{\"steps\": [{\"op\": \"add-trigger\", \"name\": \"t\", \(members)}]}"
        do {
            _ = try TransactionDocument.read(JSONParser.parse(text))
            Issue.record("\(text) is taken")
        } catch let failure as SchemaFailure {
            #expect(failure.description == message)
        }
    }
}
