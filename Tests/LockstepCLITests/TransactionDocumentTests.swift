import JSON
import Lockstep
import LockstepCLI
import Testing

private func failure(_ text: String) throws -> String? {
    do {
        _ = try TransactionDocument.read(try JSONParser.parse(text))
        return nil
    } catch let failure as SchemaFailure {
        return failure.description
    }
}

@Suite struct TransactionDocumentTests {
    @Test func `every kind of step is read, in order`() throws {
        let document = try JSONParser.parse(
            """
            {"steps": [
              {"op": "add-service", "path": "svc:/a"},
              {"op": "add-instance", "path": "svc:/a:b"},
              {"op": "add-group", "path": "svc:/a:b/:properties/g", "group-type": "application",
               "persistent": false},
              {"op": "set", "path": "svc:/a:b/:properties/g/p", "type": "count", "values": [1, "2"]},
              {"op": "replace-group", "path": "svc:/a/:properties/h", "group-type": "application",
               "properties": {"t": {"type": "boolean", "values": [true, "false"]}}},
              {"op": "delete", "path": "svc:/a:b/:properties/g/p"},
              {"op": "delete", "path": "svc:/a:b"},
              {"op": "remove-trigger", "name": "t"},
              {"op": "resume-trigger", "name": "t"},
              {"op": "abort", "reason": "a trial"}
             ], "notes": {"who": "me"}, "completion": "grouped"}
            """)
        let transaction = try TransactionDocument.read(document)
        #expect(transaction.stepCount == 10)
        #expect(transaction.completionMode == .grouped)
        var expected = Transaction()
        try expected.addEntity("svc:/a")
        try expected.addEntity("svc:/a:b")
        try expected.addGroup("svc:/a:b/:properties/g", type: "application", isPersistent: false)
        try expected.setProperty(
            "svc:/a:b/:properties/g/p", type: .count, values: [.count(1), .count(2)],
            groupType: nil)
        try expected.replaceGroup(
            "svc:/a/:properties/h",
            properties: [
                PropertyDefinition(
                    name: "t", type: .boolean, values: [.boolean(true), .boolean(false)])
            ])
        try expected.deleteProperty("svc:/a:b/:properties/g/p")
        try expected.deleteEntity("svc:/a:b")
        expected.removeTrigger("t")
        expected.resumeTrigger("t")
        expected.abort(reason: "a trial")
        expected.setNote("who", to: Array("me".utf8))
        expected.completionMode = .grouped
        #expect(transaction == expected)
    }

    @Test(arguments: [
        ("[]", "$ must be an object with steps, notes, completion, not an array"),
        ("{}", "$ has no member \"steps\""),
        ("{\"steps\": {}}", "$.steps must be an array, not an object"),
        ("{\"steps\": [1]}", "$.steps[0] must be an object with a member \"op\", not a number"),
        ("{\"steps\": [{}]}", "$.steps[0] has no member \"op\""),
        (
            "{\"steps\": [{\"op\": \"drop\"}]}",
            "$.steps[0].op must be one of set, delete, replace-group, add-service, add-instance,"
                + " add-group, remove-trigger, resume-trigger, abort, not \"drop\""
        ),
        (
            "{\"steps\": [{\"op\": \"abort\", \"path\": \"x\"}]}",
            "$.steps[0] has a member \"path\"; allowed: op, reason"
        ),
        (
            "{\"steps\": [{\"op\": \"abort\"}]}",
            "$.steps[0] has no member \"reason\""
        ),
        (
            "{\"steps\": [{\"op\": \"set\", \"path\": \"svc:/a:b\"}]}",
            "$.steps[0].path must be the path of: property, not \"svc:/a:b\""
        ),
        (
            "{\"steps\": [{\"op\": \"set\", \"path\": \"svc:/a/:properties/g/p\", \"type\": \"int\"}]}",
            "$.steps[0].type must be one of boolean, count, integer, time, astring, opaque, ustring,"
                + " uri, fmri, host, hostname, net_address_v4, net_address_v6, net_address, not \"int\""
        ),
        (
            "{\"steps\": [{\"op\": \"set\", \"path\": \"svc:/a/:properties/g/p\", \"type\": \"count\","
                + " \"values\": [1, -1]}]}",
            "$.steps[0].values[1] must be a value of type count, not \"-1\""
        ),
        (
            "{\"steps\": [{\"op\": \"set\", \"path\": \"svc:/a/:properties/g/p\", \"type\": \"astring\","
                + " \"values\": [true]}]}",
            "$.steps[0].values[0] must be a value of type astring, not a boolean"
        ),
        (
            "{\"steps\": [{\"op\": \"set\", \"path\": \"svc:/a/:properties/g/p\", \"type\": \"astring\","
                + " \"values\": [], \"group-type\": \"9\"}]}",
            "$.steps[0].group-type is no name of a group's type: \"9\""
        ),
        (
            "{\"steps\": [{\"op\": \"replace-group\", \"path\": \"svc:/a/:properties/g\","
                + " \"properties\": {\"1\": {}}}]}",
            "$.steps[0].properties.1 is no name of a property: a letter, then letters, digits,"
                + " - and _"
        ),
        (
            "{\"steps\": [{\"op\": \"add-group\", \"path\": \"svc:/a/:properties/g\"}]}",
            "$.steps[0] has no member \"group-type\""
        ),
        (
            "{\"steps\": [], \"notes\": {\"a\": 1}}", "$.notes.a must be a string, not a number"
        ),
        (
            "{\"steps\": [], \"completion\": \"all\"}",
            "$.completion must be one of individual, grouped, not \"all\""
        ),
    ])
    func `what breaks the schema is told by its path`(text: String, message: String) throws {
        #expect(try failure(text) == message)
    }
}
