import IOCore
import Lockstep
import Testing

/// The client's ways with property groups, against a node.
@Suite(.timeLimit(.minutes(10))) struct PropertyClientTests {
    private let path = "svc:/web:default/:properties/config"

    private func with(_ body: (LockstepClient) async throws -> Void) async throws {
        try await LiveNode.with { _, address in
            let client = try LockstepClient(
                configuration: ClientConfiguration(
                    endpoints: [Endpoint(host: address.host, port: address.port)]))
            defer { client.close() }
            try await body(client)
        }
    }

    /// A group with a count `port` of 80.
    private func made(_ client: LockstepClient) async throws -> PropertyGroup {
        try await client.setProperty(
            path + "/port", type: .count, values: [.count(80)], groupType: "application")
        return try #require(try await client.propertyGroup(path))
    }

    @Test func `a group stays what it was until it is updated`() async throws {
        try await with { client in
            var group = try await made(client)
            #expect(group.path == path)
            #expect(try await client.update(&group) == false)
            try await client.setProperty(path + "/port", type: .count, values: [.count(81)])
            #expect(group["port"]?.values == [.count(80)])
            #expect(try await client.update(&group))
            #expect(group["port"]?.values == [.count(81)])
            #expect(try await client.update(&group) == false)
            var deletion = Transaction()
            try deletion.deleteEntity(path)
            try await client.commit(deletion)
            _ = try await made(client)
            await #expect(throws: LockstepError.self) { try await client.update(&group) }
        }
    }

    @Test func `a transaction goes through its states and is held against its base`() async throws {
        try await with { client in
            var group = try await made(client)
            let transaction = PropertyTransaction()
            let entry = PropertyEntry()
            try transaction.start(group)
            #expect(throws: LockstepError.self) { try transaction.start(group) }
            try transaction.change("port", type: .count, entry: entry)
            try entry.append(.count(82), type: .count)
            try await client.setProperty(path + "/other", type: .boolean, values: [.boolean(true)])
            #expect(try await transaction.commit(by: client) == .outOfDate)
            #expect(transaction.state == .committed)
            await #expect(throws: LockstepError.self) { try await transaction.commit(by: client) }
            transaction.reset()
            try await client.update(&group)
            try transaction.start(group)
            try transaction.change("port", type: .count, entry: entry)
            try entry.append(.count(83), type: .count)
            try entry.append(.count(82), type: .count)
            let other = PropertyEntry()
            try transaction.delete("other", entry: other)
            guard case .committed(let version) = try await transaction.commit(by: client) else {
                Issue.record("out of date")
                return
            }
            try await client.update(&group)
            #expect(group.version == version)
            #expect(group.properties.map(\.name) == ["port"])
            #expect(group["port"]?.values == [.count(83), .count(82)])
        }
    }

    @Test func `a transaction without entries asks whether the group is new`() async throws {
        try await with { client in
            var group = try await made(client)
            let transaction = PropertyTransaction()
            try transaction.start(group)
            #expect(try await transaction.commit(by: client) == .committed(group.version))
            transaction.reset()
            try await client.setProperty(path + "/port", type: .count, values: [.count(80)])
            try transaction.start(group)
            #expect(try await transaction.commit(by: client) == .outOfDate)
            // Equal values make a version too.
            #expect(try await client.update(&group))
            var deletion = Transaction()
            try deletion.deleteEntity("svc:/web:default")
            try await client.commit(deletion)
            _ = try await made(client)
            transaction.reset()
            try transaction.start(group)
            do {
                _ = try await transaction.commit(by: client)
                Issue.record("committed to a group made anew")
            } catch let error as LockstepError {
                guard case .aborted(let abort) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(abort.code == .deleted)
            }
        }
    }

    @Test func `misuse is told and changes nothing`() async throws {
        func misuse(_ body: () throws -> Void) -> PropertyMisuse? {
            do {
                try body()
                return nil
            } catch LockstepError.misuse(let misuse, let text) {
                #expect(!text.isEmpty)
                return misuse
            } catch {
                return nil
            }
        }
        try await with { client in
            let group = try await made(client)
            let transaction = PropertyTransaction()
            let entry = PropertyEntry()
            #expect(misuse { try entry.append(.count(1), type: .count) } == .notSet)
            #expect(misuse { try transaction.delete("port", entry: entry) } == .notSet)
            try transaction.start(group)
            #expect(
                misuse { try transaction.addNew("port", type: .count, entry: entry) } == .exists)
            #expect(misuse { try transaction.delete("none", entry: entry) } == .notFound)
            #expect(
                misuse { try transaction.change("port", type: .integer, entry: entry) }
                    == .typeMismatch)
            #expect(
                misuse { try transaction.addNew("9", type: .count, entry: entry) }
                    == .invalidArgument)
            try transaction.addNew("new", type: .uri, entry: entry)
            #expect(misuse { try transaction.delete("port", entry: entry) } == .inUse)
            #expect(misuse { try entry.append(.text("x"), type: .ustring) } == .typeMismatch)
            try entry.append(.text("svc:/a"), type: .fmri)
            entry.reset()
            #expect(transaction.state == .invalid)
            #expect(misuse { try transaction.delete("port", entry: entry) } == .notSet)
            await #expect(throws: LockstepError.self) { try await transaction.commit(by: client) }
            transaction.reset()
            #expect(transaction.state == .reset)
            #expect(try await client.propertyGroup(path) == group)
        }
    }

    @Test func `updates that race are all in force`() async throws {
        try await with { client in
            let path = path
            let workers = 8
            let rounds = 10
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for _ in 0..<workers {
                    tasks.addTask {
                        for _ in 0..<rounds {
                            try await client.updateGroup(
                                path, groupType: "application", timeout: .seconds(60)
                            ) { (edit) throws(LockstepError) in
                                var sum: UInt64 = 0
                                if case .count(let value)? = edit["sum"]?.first { sum = value }
                                try edit.set("sum", type: .count, to: .count(sum + 1))
                            }
                        }
                    }
                }
                try await tasks.waitForAll()
            }
            let group = try #require(try await client.propertyGroup(path))
            #expect(group["sum"]?.values == [.count(UInt64(workers * rounds))])
        }
    }

    @Test func `an update without edits sends nothing, and one of nothing fails`() async throws {
        try await with { client in
            await #expect(throws: LockstepError.self) {
                try await client.updateGroup(path) { _ throws(LockstepError) in }
            }
            let group = try await made(client)
            let version = try await client.updateGroup(path) { edit throws(LockstepError) in
                #expect(edit.group == group)
                #expect(edit["port"] == [.count(80)])
                try edit.set("new", type: .count, to: .count(1))
                edit.delete("new")
                edit.delete("none")
            }
            #expect(version == nil)
            try await client.updateGroup(path) { edit throws(LockstepError) in
                edit.delete("port")
            }
            #expect(try await client.propertyGroup(path)?.properties.isEmpty == true)
        }
    }

    @Test func `snapshots and compositions are read as they are`() async throws {
        try await with { client in
            _ = try await made(client)
            try await client.setProperty(
                "svc:/web/:properties/config/user", type: .astring, values: [.text("www")])
            var taking = Transaction()
            try taking.takeSnapshot(of: "svc:/web:default", named: "running", isNew: true)
            try taking.takeSnapshot(of: "svc:/web:default", named: "start")
            try taking.attachSnapshot(of: "svc:/web:default", from: "running", to: "start")
            try await client.commit(taking)
            try await client.setProperty(path + "/port", type: .count, values: [.count(81)])
            let snapshots = try await client.snapshots(of: "svc:/web:default")
            #expect(snapshots.map(\.name) == ["running", "start"])
            #expect(Set(snapshots.map(\.content)).count == 1)
            let running = try #require(
                try await client.snapshot(of: "svc:/web:default", named: "running"))
            #expect(running == snapshots.first)
            #expect(try await client.snapshot(of: "svc:/web:default", named: "none") == nil)
            let now = try #require(
                try await client.composedGroup("config", of: "svc:/web:default"))
            #expect(now["port"]?.values == [.count(81)])
            #expect(now["user"]?.values == [.text("www")])
            let held = try await client.composedGroups(of: "svc:/web:default", in: running)
            #expect(held.map(\.name) == ["config"])
            #expect(held.first?["port"]?.values == [.count(80)])
            #expect(held.first?["user"]?.values == [.text("www")])
            let own = try await client.propertyGroups(of: "svc:/web:default")
            #expect(own.map(\.path) == [path])
            var deleting = Transaction()
            try deleting.deleteSnapshot(of: "svc:/web:default", named: "running")
            try deleting.deleteSnapshot(of: "svc:/web:default", named: "start")
            try await client.commit(deleting)
            #expect(try await client.snapshots(of: "svc:/web:default").isEmpty)
        }
    }
}
