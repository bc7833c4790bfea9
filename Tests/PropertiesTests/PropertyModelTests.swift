import Identifiers
import KeyValue
import Properties
import Testing
import Transactions

/// Random operations, each of which the store and the model must judge alike.
struct PropertyModelTests {
    private static let services = ["svc:/a", "svc:/b"]
    private static let instances = ["svc:/a:i", "svc:/a:j", "svc:/b:i"]

    @Test func `the store does what the model does`() throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SeededGenerator(seed: seed)
        var bench = PropertyBench()
        var model = PropertyModel()
        var codes: [AbortCode?: Int] = [:]
        for _ in 0..<3_000 {
            let operation = try Self.operation(&random, model)
            let code = try bench.refusal(operation)
            #expect(code == model.apply(operation, at: bench.index), "seed \(seed): \(operation)")
            codes[code, default: 0] += 1
            if bench.index.rawValue.isMultiple(of: 100) { try compare(bench, model, seed) }
        }
        try compare(bench, model, seed)
        let wanted: [AbortCode?] = [
            nil, .exists, .notFound, .deleted, .outOfDate, .typeMismatch,
        ]
        for code in wanted { #expect(codes[code, default: 0] > 0, "seed \(seed): \(codes)") }
    }

    private func compare(_ bench: PropertyBench, _ model: PropertyModel, _ seed: UInt64) throws {
        let owners = try (Self.services + Self.instances).map { try pathed($0) }
        for owner in owners {
            #expect(
                try EntityReply(bench.ask(.entity(owner))).id == model.entities[owner],
                "seed \(seed)")
            guard model.entities[owner] != nil else { continue }
            let query = PropertyQuery.groups(.owner(owner, id: nil), type: nil, page: .init())
            let groups = try GroupListing(bench.ask(query)).entries
            let wanted = model.groups.filter { $0.key.owner == owner }
            #expect(groups.count == wanted.count, "seed \(seed)")
            for entry in groups {
                let path = try pathed("\(owner)/:properties/\(entry.name)")
                #expect(Self.plain(entry.group) == wanted[path], "seed \(seed)")
            }
            guard owner.instance != nil else { continue }
            try compareSnapshots(bench, model, owner, seed)
        }
        // No content outlives its names, and no group of a content its content.
        let rows = try bench.rows().keys
        #expect(rows.count { $0[1] == 6 } == model.contents.count, "seed \(seed)")
        let held = model.contents.values.reduce(0) { $0 + $1.count }
        #expect(rows.count { $0[1] == 7 } == held, "seed \(seed)")
        let fleeting = model.groups.values.count { !$0.isPersistent }
        #expect(rows.count { $0[1] == 4 } == fleeting, "seed \(seed)")
    }

    private func compareSnapshots(
        _ bench: PropertyBench, _ model: PropertyModel, _ instance: PropertyPath, _ seed: UInt64
    ) throws {
        let query = PropertyQuery.snapshots(of: instance, id: nil, page: .init())
        let listing = try SnapshotListing(bench.ask(query)).entries
        #expect(
            listing.count == model.snapshots.keys.count { $0.instance == instance },
            "seed \(seed)")
        for entry in listing {
            let path = try snapshotPathed(instance.description, entry.name)
            let wanted = model.snapshots[path]
            #expect(wanted?.id == entry.snapshot.id, "seed \(seed)")
            #expect(wanted?.content == entry.snapshot.content, "seed \(seed)")
            var held: [String: PropertyModel.Group] = [:]
            for level in SnapshotLevel.allCases {
                let query = PropertyQuery.groups(
                    .level(content: entry.snapshot.content, level), type: nil, page: .init())
                for entry in try GroupListing(bench.ask(query)).entries {
                    held["\(level)/\(entry.name)"] = Self.plain(entry.group)
                }
            }
            #expect(held == model.contents[entry.snapshot.content], "seed \(seed)")
        }
    }

    private static func plain(_ group: PropertyGroup) -> PropertyModel.Group {
        PropertyModel.Group(
            id: group.header.id, version: group.header.version,
            isPersistent: group.header.isPersistent,
            properties: Dictionary(
                uniqueKeysWithValues: group.properties.map { ($0.name, $0.content) }))
    }
}

// MARK: - Random operations

extension PropertyModelTests {
    private static func pick<T>(_ choices: [T], _ random: inout SeededGenerator) -> T {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }

    /// Mostly the identity that is there, now and then another one or none.
    private static func identity(
        _ present: EntityID?, _ random: inout SeededGenerator
    ) -> EntityID? {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: EntityID(index: LogIndex(3), ordinal: 7)
        case 1, 2: nil
        default: present
        }
    }

    private static func operation(
        _ random: inout SeededGenerator, _ model: PropertyModel
    ) throws -> PropertyOperation {
        let instance = try pathed(pick(instances, &random))
        let owner = try pathed(pick(services + instances, &random))
        let group = try pathed("\(owner)/:properties/" + pick(["g", "h"], &random))
        let snapshot = try snapshotPathed(instance.description, pick(["r", "s"], &random))
        let serviceID = identity(model.entities[instance.servicePath], &random)
        switch Int.random(in: 0..<30, using: &random) {
        case 0...1:
            return .addService(instance.servicePath)
        case 2...3:
            return .addInstance(instance, serviceID: serviceID)
        case 4...7:
            let creation = GroupCreation(
                type: "t", isPersistent: Int.random(in: 0..<3, using: &random) > 0)
            let ownerID = identity(model.entities[owner], &random)
            return .addGroup(group, ownerID: ownerID, creation)
        case 8:
            return .delete(owner, id: identity(model.entities[owner], &random))
        case 9:
            return .delete(group, id: identity(model.groups[group]?.id, &random))
        case 10...13:
            let mode: SnapshotTake.Mode =
                switch Int.random(in: 0..<3, using: &random) {
                case 0: .new
                case 1: .replace(identity(model.snapshots[snapshot]?.id, &random))
                default: .set
                }
            return .takeSnapshot(SnapshotTake(snapshot, mode: mode))
        case 14...15:
            let target = try snapshotPathed(pick(instances, &random), "s")
            return .attachSnapshot(
                SnapshotReference(snapshot),
                to: SnapshotReference(target, id: identity(model.snapshots[target]?.id, &random)))
        case 16:
            return .deleteSnapshot(SnapshotReference(snapshot))
        case 17...18:
            return .fileSnapshots(try filing(of: snapshot, &random))
        default:
            return try commit(of: group, &random, model)
        }
    }

    private static func filing(
        of snapshot: SnapshotPath, _ random: inout SeededGenerator
    ) throws -> SnapshotFiling {
        let value = try content(.count, "\(Int.random(in: 0...9, using: &random))")
        func group(_ name: String) -> SnapshotFiling.Group {
            SnapshotFiling.Group(
                name: name, type: "t", properties: [Property(name: "p", content: value)])
        }
        return SnapshotFiling(
            of: snapshot.instance.servicePath, name: snapshot.name,
            groups: pick([[], [group("g")]], &random),
            instances: [
                SnapshotFiling.Instance(
                    name: try #require(snapshot.instance.instance),
                    groups: pick([[], [group("h"), group("x")]], &random))
            ])
    }

    private static func commit(
        of group: PropertyPath, _ random: inout SeededGenerator, _ model: PropertyModel
    ) throws -> PropertyOperation {
        let present = model.groups[group]
        let stale = GroupVersion(index: LogIndex(2), ordinal: 0)
        let base = pick([nil, present?.version, present?.version, stale], &random)
        var edits: [PropertyEdit] = []
        for name in ["p", "q", "r"] where Bool.random(using: &random) {
            let value = try content(
                pick([.count, .count, .astring], &random),
                "\(Int.random(in: 0...9, using: &random))")
            edits.append(
                pick(
                    [
                        .new(name, value), .change(name, value), .changeType(name, value),
                        .delete(name), .set(name, value),
                    ], &random))
        }
        return .commitGroup(
            GroupCommit(group, groupID: identity(present?.id, &random), base: base, edits: edits))
    }
}
