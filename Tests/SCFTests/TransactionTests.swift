import Client
import Properties
import SCF
import Testing

struct TransactionTests {
    private func failed(_ body: () throws(Failure) -> Void) -> Failure? {
        failure(body)
    }

    @Test func `each state allows what the man page says`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        let transaction = Transaction(fixture.handle)
        let entry = Entry(fixture.handle)
        func commit() -> Failure? {
            failure { () throws(Failure) in try transaction.commit() }
        }
        func start() -> Failure? {
            failed { () throws(Failure) in try transaction.start(fixture.group) }
        }
        func add() -> Failure? {
            failed { () throws(Failure) in try transaction.add(entry, .new, "p", .count) }
        }
        // Reset.
        #expect(commit() == .invalidArgument)
        #expect(add() == .notSet)
        let value = try fixture.value(.count, "1")
        #expect(failed { () throws(Failure) in try entry.add(value) } == .notSet)
        // Started.
        #expect(start() == nil)
        #expect(start() == .inUse)
        #expect(add() == nil)
        try entry.add(value)
        #expect(try transaction.commit())
        // Committed.
        #expect(commit() == .invalidArgument)
        #expect(start() == .inUse)
        let other = Entry(fixture.handle)
        let late = failed { () throws(Failure) in try transaction.add(other, .new, "q", .count) }
        #expect(late == .notSet)
        #expect(failed { () throws(Failure) in try entry.add(value) } == .invalidArgument)
        transaction.reset()
        // The value keeps what it holds, and may be used again.
        #expect(try value.string() == Array("1".utf8))
        #expect(try fixture.group.update())
        #expect(start() == nil)
        #expect(add() == .exists)
        try transaction.add(entry, .change, "p", .count)
        try entry.add(value)
        // Invalid: a value of it is set again.
        try value.set(.count(2), type: .count)
        #expect(commit() == .invalidArgument)
        // It takes values all the same.
        try entry.add(value)
        #expect(commit() == .invalidArgument)
        #expect(start() == .inUse)
        transaction.resetAll()
        #expect(start() == nil)
        #expect(try transaction.commit())
    }

    @Test func `what takes an entry away makes the transaction invalid`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        for way in 0..<3 {
            let transaction = Transaction(fixture.handle)
            let entry = Entry(fixture.handle)
            let value = try fixture.value(.count, "1")
            try transaction.start(fixture.group)
            try transaction.add(entry, .new, "p", .count)
            try entry.add(value)
            switch way {
            case 0: entry.reset()
            case 1: value.reset()
            default: #expect(entry.dissolve().map { $0 === value } == [true])
            }
            let commit = failure { () throws(Failure) in try transaction.commit() }
            #expect(commit == .invalidArgument)
            transaction.reset()
        }
    }

    @Test func `an edit that the base version forbids is refused at once`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        #expect(try fixture.edit(.new, "port", .ustring, "80"))
        let transaction = Transaction(fixture.handle)
        func add(
            _ action: Entry.Action, _ name: String, _ type: PropertyType?
        ) -> Failure? {
            failed { () throws(Failure) in
                try transaction.add(Entry(fixture.handle), action, name, type)
            }
        }
        // The version that is shown has no property yet.
        try transaction.start(fixture.group)
        #expect(add(.change, "port", .ustring) == .notFound)
        transaction.reset()
        #expect(try fixture.group.update())
        try transaction.start(fixture.group)
        #expect(add(.new, "port", .ustring) == .exists)
        #expect(add(.change, "port", .astring) == .typeMismatch)
        #expect(add(.change, "port", .hostname) == .typeMismatch)
        #expect(add(.change, "port", nil) == .invalidArgument)
        #expect(add(.delete, "none", nil) == .notFound)
        #expect(add(.changeType, "none", .count) == .notFound)
        #expect(add(.new, "1", .count) == .invalidArgument)
        #expect(add(.changeType, "port", .count) == nil)
        #expect(add(.delete, "port", nil) == .inUse)
    }

    @Test func `a value fits its entry or is refused`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        let transaction = Transaction(fixture.handle)
        let entry = Entry(fixture.handle)
        try transaction.start(fixture.group)
        try transaction.add(entry, .new, "p", .ustring)
        func add(_ value: Value) -> Failure? {
            failed { () throws(Failure) in try entry.add(value) }
        }
        #expect(add(Value(fixture.handle)) == .invalidArgument)
        #expect(add(try fixture.value(.astring, "a")) == .typeMismatch)
        let host = try fixture.value(.hostname, "host")
        #expect(add(host) == nil)
        #expect(add(host) == .inUse)
        #expect(add(try fixture.value(.ustring, "b")) == nil)
        #expect(try transaction.commit())
        #expect(try fixture.group.update())
        #expect(try fixture.texts("p") == ["host", "b"])
        let property = Property(fixture.handle)
        try fixture.group.property("p", property)
        #expect(try property.type() == .ustring)
        let deletion = Transaction(fixture.handle)
        let deleting = Entry(fixture.handle)
        try deletion.start(fixture.group)
        try deletion.add(deleting, .delete, "p", nil)
        let value = try fixture.value(.ustring, "c")
        #expect(
            failed { () throws(Failure) in try deleting.add(value) } == .invalidArgument)
    }

    @Test func `an entry is in one transaction at most`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        let (first, second) = (Transaction(fixture.handle), Transaction(fixture.handle))
        let entry = Entry(fixture.handle)
        try first.start(fixture.group)
        try second.start(fixture.group)
        try first.add(entry, .new, "p", .count)
        let again = failed { () throws(Failure) in try second.add(entry, .new, "q", .count) }
        #expect(again == .inUse)
        let stranger = Entry(try MemoryCluster().boundHandle())
        let mixed = failed { () throws(Failure) in try second.add(stranger, .new, "q", .count) }
        #expect(mixed == .handleMismatch)
    }

    @Test func `a commit on an old version is told to try again, and changes nothing`() throws {
        let cluster = MemoryCluster()
        let fixture = try Fixture.make(cluster)
        let other = try Fixture.view(cluster)
        #expect(try fixture.edit(.new, "a", .count, "1"))
        #expect(try other.edit(.new, "b", .count, "1") == false)
        #expect(try other.group.update())
        #expect(try other.edit(.new, "b", .count, "1"))
        // Without entries, too; and with the newest version it makes none.
        let transaction = Transaction(fixture.handle)
        try transaction.start(fixture.group)
        #expect(try transaction.commit() == false)
        transaction.reset()
        #expect(try fixture.group.update())
        try transaction.start(fixture.group)
        #expect(try transaction.commit())
        #expect(try fixture.group.update() == false)
        #expect(try fixture.texts("a") == ["1"])
        #expect(try fixture.texts("b") == ["1"])
    }

    @Test func `a group that is gone is deleted, not out of date`() throws {
        let cluster = MemoryCluster()
        let fixture = try Fixture.make(cluster)
        let other = try Fixture.view(cluster)
        let transaction = Transaction(fixture.handle)
        let entry = Entry(fixture.handle)
        try transaction.start(fixture.group)
        try transaction.add(entry, .new, "p", .count)
        #expect(try other.edit(.new, "q", .count))
        try other.instance.delete()
        try other.service.addInstance("default", other.instance)
        try other.instance.addGroup("config", type: "application", flags: 0, nil)
        #expect(failure { () throws(Failure) in try transaction.commit() } == .deleted)
        let late = failed { () throws(Failure) in
            try Transaction(fixture.handle).start(fixture.group)
        }
        #expect(late == .deleted)
    }

    @Test func `a commit whose answer is lost tells a broken connection`() throws {
        let cluster = MemoryCluster()
        let fixture = try Fixture.make(cluster)
        let transaction = Transaction(fixture.handle)
        try transaction.start(fixture.group)
        cluster.fail(.outcomeUnknown("gone"))
        #expect(failure { () throws(Failure) in try transaction.commit() } == .connectionBroken)
        cluster.fail(nil)
        #expect(failure { () throws(Failure) in try transaction.commit() } == .invalidArgument)
        transaction.reset()
        try transaction.start(fixture.group)
        try fixture.handle.unbind()
        #expect(failure { () throws(Failure) in try transaction.commit() } == .notBound)
        // Another binding has reset the group, and not the transaction.
        try fixture.handle.bind { _ in nil }
        try fixture.scope.lookUp(Scope.local)
        try fixture.scope.service("web", fixture.service)
        try fixture.service.instance("default", fixture.instance)
        try fixture.instance.group("config", fixture.group)
        let start = { () throws(Failure) in try transaction.start(fixture.group) }
        #expect(failure(start) == .inUse)
        let entry = Entry(fixture.handle)
        let add = { () throws(Failure) in try transaction.add(entry, .new, "late", .count) }
        #expect(failure(add) == .notSet)
        transaction.reset()
        try start()
        try add()
    }

    @Test func `dissolving gives back entries and values for their owner to free`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        let transaction = Transaction(fixture.handle)
        let entry = Entry(fixture.handle)
        let value = try fixture.value(.count, "1")
        try transaction.start(fixture.group)
        try transaction.add(entry, .new, "p", .count)
        try entry.add(value)
        let parts = transaction.dissolve()
        #expect(parts.entries.map { $0 === entry } == [true])
        #expect(parts.values.map { $0 === value } == [true])
        #expect(value.type == nil)
        try transaction.start(fixture.group)
    }

    @Test func `more entries than one transaction takes are refused, and nothing else`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        let transaction = Transaction(fixture.handle)
        try transaction.start(fixture.group)
        let last = Entry(fixture.handle)
        for number in 0..<10_000 {
            try transaction.add(Entry(fixture.handle), .new, "p\(number)", .count)
        }
        try transaction.add(last, .new, "last", .count)
        #expect(failure { () throws(Failure) in try transaction.commit() } == .noResources)
        transaction.reset()
        try transaction.start(fixture.group)
        for number in 0..<10_000 {
            try transaction.add(Entry(fixture.handle), .new, "p\(number)", .count)
        }
        #expect(try transaction.commit())
    }
}
