import Identifiers
import KeyValue
import Lockstep
import Properties
import PropertyStorage
import Testing
import Transactions
import Triggers

@Suite struct PropertyTests {
    private let path = "svc:/site/app:default/:properties/config/port"

    @Test func `a property step is what the store of properties reads`() throws {
        var transaction = Lockstep.Transaction()
        try transaction.setProperty(path, type: .count, values: [.count(80)])
        guard case .operation(let operation) = transaction.steps[0] else {
            Issue.record("no operation")
            return
        }
        let read = try PropertyOperation(operation)
        guard case .commitGroup(let commit) = read else {
            Issue.record("\(read)")
            return
        }
        #expect("\(commit.path)" == "svc:/site/app:default/:properties/config")
        #expect(commit.edits.map(\.name) == ["port"])
        #expect(commit.edits[0].content?.values == [.count(80)])
        #expect(commit.creation?.type == "application")
    }

    @Test func `what cannot be is refused before it is sent`() {
        var transaction = Lockstep.Transaction()
        let text = "svc:/site/app does not name a property"
        #expect(throws: LockstepError.self) {
            try transaction.setProperty(path, type: .count, values: [.boolean(true)])
        }
        do throws(LockstepError) {
            try transaction.deleteProperty("svc:/site/app")
            Issue.record("taken")
        } catch {
            #expect(error.description.contains(text))
        }
        #expect(throws: LockstepError.self) {
            try transaction.addTrigger(Trigger(name: "", action: .beforeCommit([])))
        }
        #expect(transaction.stepCount == 0)
    }

    @Test func `an expectation names the row of the group without the store's prefix`() throws {
        let group = "svc:/site/app:default/:properties/config"
        var transaction = Lockstep.Transaction()
        try transaction.expectGroup(group, at: 7)
        let place = try #require(PropertyPath(group))
        let key = Array(PropertyKeys.key(place).dropFirst())
        #expect(
            transaction.expectations
                == [.keyAtVersion(store: .properties, key: key, version: LogIndex(7))])
    }

    @Test func `types and values are the store's, by their names`() {
        for type in Lockstep.PropertyType.allCases {
            #expect(Properties.PropertyType(name: type.rawValue) != nil)
        }
        #expect(Lockstep.PropertyValue.text("é").text == "é")
        #expect(Lockstep.PropertyValue.textBytes([0xFF]).text == nil)
    }

    @Test func `a trigger step is what the store of triggers reads`() throws {
        var transaction = Lockstep.Transaction()
        let trigger = Trigger(
            name: "guard",
            action: .beforeCommit([.init(.noDeletion(keyPrefix: "svc:/"), message: "no")]),
            stores: [.properties], keyPrefixes: ["svc:/site"])
        try transaction.addTrigger(trigger)
        guard case .operation(let operation) = transaction.steps[0] else {
            Issue.record("no operation")
            return
        }
        #expect(operation.store == .triggers)
        #expect(throws: Never.self) { try TriggerStore().validate(operation) }
    }
}
