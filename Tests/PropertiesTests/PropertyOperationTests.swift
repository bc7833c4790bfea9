import Codec
import Identifiers
import JSON
import KeyValue
import Properties
import PropertyStorage
import Stores
import Testing
import Transactions

struct PropertyOperationTests {
    /// One of every shape.
    private func samples() throws -> [PropertyOperation] {
        let group = try pathed("svc:/a:b/:properties/g")
        let id = EntityID(index: LogIndex(300), ordinal: 2)
        let version = GroupVersion(index: LogIndex(301), ordinal: 0)
        let text = try content(.astring, "x", "y")
        let creation = GroupCreation(type: "framework", isPersistent: false)
        return try [
            .addService(group.servicePath), .addInstance(group.owner, serviceID: id),
            .addGroup(group, ownerID: nil, creation), .delete(group, id: id),
            .delete(group.servicePath, id: nil),
            .commitGroup(
                GroupCommit(
                    group, groupID: id, base: version,
                    edits: [
                        .new("a", text), .change("b", text), .changeType("c", text), .delete("d"),
                        .set("e", text),
                    ], creation: creation)),
            .replaceGroup(
                GroupReplacement(
                    group, properties: [Property(name: "p", content: text)], creation: creation)),
            .noteBoots([NodeBoot(node: NodeID(1), boot: 7), NodeBoot(node: NodeID(2), boot: 0)]),
        ] + snapshotSamples(id)
    }

    private func snapshotSamples(_ id: EntityID) throws -> [PropertyOperation] {
        let running = try snapshotPathed("svc:/a:b", "running")
        let start = try snapshotPathed("svc:/a:b", "start")
        return [
            .takeSnapshot(SnapshotTake(running, instanceID: id, mode: .new)),
            .takeSnapshot(SnapshotTake(running, mode: .replace(id))),
            .takeSnapshot(SnapshotTake(running, mode: .replace(nil))),
            .takeSnapshot(SnapshotTake(running, mode: .set)),
            .attachSnapshot(SnapshotReference(running), to: SnapshotReference(start, id: id)),
            .deleteSnapshot(SnapshotReference(start, id: id)),
            .fileSnapshots(try filing()),
            .fileSnapshots(
                SnapshotFiling(of: try pathed("svc:/a"), name: "n", groups: [], instances: [])),
        ]
    }

    /// Two instances with a group each, below a group of the service.
    private func filing() throws -> SnapshotFiling {
        let property = Property(name: "p", content: try content(.count, "1"))
        let group = SnapshotFiling.Group(name: "g", type: "t", properties: [property])
        return SnapshotFiling(
            of: try pathed("svc:/a"), name: "last-import",
            groups: [group, SnapshotFiling.Group(name: "h", type: "t", properties: [])],
            instances: [
                SnapshotFiling.Instance(name: "b", groups: [group]),
                SnapshotFiling.Instance(name: "c", groups: []),
            ])
    }

    @Test func `operations come back from their encoding`() throws {
        for sample in try samples() {
            #expect(try PropertyOperation(sample.operation) == sample)
        }
    }

    @Test func `edits are encoded in the order of their names`() throws {
        let group = try pathed("svc:/a/:properties/g")
        let mixed = PropertyOperation.commitGroup(
            GroupCommit(group, edits: [.delete("b"), .delete("a")]))
        let sorted = PropertyOperation.commitGroup(
            GroupCommit(group, edits: [.delete("a"), .delete("b")]))
        #expect(mixed.operation == sorted.operation)
    }

    @Test func `damaged operations are refused or can be encoded again`() throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SeededGenerator(seed: seed)
        let samples = try samples().map(\.operation)
        for _ in 0..<20_000 {
            let sample = samples[Int.random(in: 0..<samples.count, using: &random)]
            var body = sample.body
            for _ in 0..<Int.random(in: 1...3, using: &random) where !body.isEmpty {
                let place = Int.random(in: 0..<body.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: body[place] = UInt8.random(in: 0...255, using: &random)
                case 1: body.remove(at: place)
                default: body.insert(UInt8.random(in: 0...255, using: &random), at: place)
                }
            }
            let damaged = Operation(
                store: .properties, kind: UInt8.random(in: 0...11, using: &random), body: body)
            do throws(StoreFailure) {
                let read = try PropertyOperation(damaged)
                let again = try PropertyOperation(read.operation)
                #expect(again == read, "seed \(seed)")
            } catch {
                #expect(error.isAbort, "seed \(seed): \(error)")
            }
        }
    }

    @Test func `paths of the wrong depth and bad names are refused before the log`() throws {
        let store = PropertyStore()
        func code(_ operation: PropertyOperation) -> AbortCode? {
            do {
                try store.validate(operation.operation)
                return nil
            } catch {
                return error.abortCode
            }
        }
        let group = try pathed("svc:/a/:properties/g")
        let creation = GroupCreation(type: "framework")
        #expect(code(.addService(group)) == .invalidArgument)
        #expect(code(.addInstance(group.servicePath, serviceID: nil)) == .invalidArgument)
        #expect(code(.addGroup(group.servicePath, ownerID: nil, creation)) == .invalidArgument)
        #expect(
            code(.delete(try pathed("svc:/a/:properties/g/p"), id: nil)) == .invalidArgument)
        #expect(
            code(.addGroup(group, ownerID: nil, GroupCreation(type: "a b"))) == .invalidArgument)
        #expect(
            code(.commitGroup(GroupCommit(group, edits: [.delete("9")]))) == .invalidArgument)
        #expect(code(.addGroup(group, ownerID: nil, creation)) == nil)
    }

    @Test func `the same records make the same rows`() throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SeededGenerator(seed: seed)
        var one = PropertyBench()
        var other = PropertyBench()
        for _ in 0..<400 {
            let steps = try (0..<Int.random(in: 1...4, using: &random)).map { _ in
                try Self.randomOperation(&random).step
            }
            let transaction = try Transaction.decode(
                Transaction(steps: steps).encoded(), limits: .standard)
            let first = Result { try one.run(steps) }
            let second = Result { try other.run(transaction.steps) }
            switch (first, second) {
            case (.success(let left), .success(let right)): #expect(left == right, "seed \(seed)")
            case (.failure(let left), .failure(let right)):
                #expect("\(left)" == "\(right)", "seed \(seed)")
            case (.success, .failure), (.failure, .success):
                Issue.record("seed \(seed): \(first) \(second)")
            }
            #expect(one.changes == other.changes, "seed \(seed)")
        }
        #expect(try one.rows() == other.rows(), "seed \(seed)")
        #expect(try !one.rows().isEmpty, "seed \(seed)")
    }

    private static func randomOperation(
        _ random: inout SeededGenerator
    ) throws -> PropertyOperation {
        func pick<T>(_ choices: [T]) -> T {
            choices[Int.random(in: 0..<choices.count, using: &random)]
        }
        let owner = pick(["svc:/a", "svc:/a:i", "svc:/a:j", "svc:/b", "svc:/b:i"])
        let group = try pathed(owner + "/:properties/" + pick(["g", "h"]))
        let creation =
            Bool.random(using: &random)
            ? GroupCreation(type: "framework", isPersistent: Bool.random(using: &random)) : nil
        let value = try content(
            pick([.count, .astring]), "\(Int.random(in: 0...9, using: &random))")
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return .addService(group.servicePath)
        case 1: return .addInstance(try pathed(pick(["svc:/a:i", "svc:/b:i"])), serviceID: nil)
        case 2: return .addGroup(group, ownerID: nil, GroupCreation(type: "framework"))
        case 3: return .delete(pick([group, group.owner]), id: nil)
        case 4:
            return .replaceGroup(
                GroupReplacement(
                    group, properties: [Property(name: pick(["p", "q"]), content: value)],
                    creation: creation))
        case 5: return .commitGroup(GroupCommit(group, edits: [.delete(pick(["p", "q"]))]))
        case 6 where Int.random(in: 0..<5, using: &random) == 0:
            return .noteBoots([
                NodeBoot(node: NodeID(1), boot: UInt64.random(in: 0...9, using: &random))
            ])
        case 7: return try randomSnapshotOperation(&random)
        default:
            return .commitGroup(
                GroupCommit(
                    group, edits: [.set(pick(["p", "q", "r"]), value)],
                    creation: creation ?? GroupCreation(type: "framework")))
        }
    }

    private static func randomSnapshotOperation(
        _ random: inout SeededGenerator
    ) throws -> PropertyOperation {
        let names = ["running", "start"]
        let first = try snapshotPathed("svc:/a:i", names[Int.random(in: 0...1, using: &random)])
        let second = try snapshotPathed("svc:/b:i", names[Int.random(in: 0...1, using: &random)])
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return .takeSnapshot(SnapshotTake(first, mode: .new))
        case 1: return .takeSnapshot(SnapshotTake(second, mode: .set))
        case 2: return .takeSnapshot(SnapshotTake(first, mode: .replace(nil)))
        case 3: return .attachSnapshot(SnapshotReference(first), to: SnapshotReference(second))
        default: return .deleteSnapshot(SnapshotReference(second))
        }
    }

    @Test func `rows have the documented bytes`() throws {
        var bench = PropertyBench()
        try bench.run(
            .setProperty(
                try pathed("svc:/a/:properties/g/p"), to: try content(.integer, "-1"),
                creation: GroupCreation(type: "t", isPersistent: false)))
        let a = UInt8(ascii: "a")
        let g = UInt8(ascii: "g")
        #expect(
            try bench.rows().mapValues(\.value) == [
                [0x10, 1, a, 0, 1]: [1, 0],
                [0x10, 3, a, 0, 1, 0, g, 0, 1]: [
                    0x11, 1, 1, 1, 1, 1, UInt8(ascii: "t"), 1, 1, UInt8(ascii: "p"), 3, 1, 1,
                ],
                [0x10, 4, a, 0, 1, 0, g, 0, 1]: [],
            ])
    }

    @Test func `changes and operations are worded for people`() throws {
        var bench = PropertyBench()
        let operation = PropertyOperation.setProperty(
            try pathed("svc:/a/:properties/g/p"), to: try content(.count, "18446744073709551615"),
            creation: GroupCreation(type: "t"))
        try bench.run(operation)
        let registry = StoreRegistry([bench.store])
        #expect(
            bench.changes.map { registry.describe($0).text } == [
                #"{"step":0,"store":"properties","key":"svc:/a","old":null,"new":{"id":"1.0"}}"#,
                #"{"step":0,"store":"properties","key":"svc:/a/:properties/g","old":null,"#
                    + #""new":{"id":"1.1","group-type":"t","persistent":true}}"#,
                #"{"step":0,"store":"properties","key":"svc:/a/:properties/g/p","old":null,"#
                    + #""new":{"type":"count","values":["18446744073709551615"]}}"#,
            ])
        #expect(
            registry.describe(operation.step).text
                == #"{"store":"properties","operation":{"operation":"commit-group","#
                + #""path":"svc:/a/:properties/g","group-type":"t","persistent":true,"edits":["#
                + #"{"action":"set","name":"p","content":{"type":"count","#
                + #""values":["18446744073709551615"]}}]}}"#)
    }

    @Test func `a damaged row stops the node instead of aborting`() throws {
        var bench = PropertyBench()
        let path = try pathed("svc:/a/:properties/g")
        bench.view.put(PropertyKeys.key(path), [0x99])
        #expect(throws: EngineFailure.self) {
            try bench.run(.commitGroup(GroupCommit(path, edits: [])))
        }
    }
}
