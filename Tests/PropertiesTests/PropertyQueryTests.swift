import Codec
import Identifiers
import Properties
import PropertyStorage
import Stores
import Testing
import Transactions

struct PropertyQueryTests {
    @Test func `queries come back from their encoding`() throws {
        let group = try pathed("svc:/a:b/:properties/g")
        let id = EntityID(index: LogIndex(7), ordinal: 1)
        let page = PropertyQuery.Page(prefix: "a", after: "b", limit: 9)
        let running = try snapshotPathed("svc:/a:b", "running")
        let queries: [PropertyQuery] = [
            .entity(group.owner), .entity(group.servicePath), .group(group, ownerID: id),
            .group(group, ownerID: nil), .property(try pathed("svc:/a/:properties/g/p")),
            .list(.services, page: page),
            .list(.instances(of: group.servicePath, id: id), page: page),
            .list(.groups(of: group.owner, id: nil), page: page),
            .group(group, groupID: id, known: GroupVersion(index: LogIndex(8), ordinal: 2)),
            .groups(.owner(group.servicePath, id: id), type: "framework", page: page),
            .groups(.level(content: id, .service), type: nil, page: page),
            .composedGroup(ComposedSource(group.owner, id: id), name: "g"),
            .composedGroups(ComposedSource(group.owner, content: id), type: nil, page: page),
            .composedGroups(ComposedSource(group.owner), type: "t", page: page),
            .snapshots(of: group.owner, id: id, page: page),
            .snapshot(SnapshotReference(running, id: id), instanceID: nil),
            .snapshot(SnapshotReference(running), instanceID: id),
            .levelGroup(content: id, .instance, name: "g"),
        ]
        for query in queries {
            #expect(try PropertyQuery(kind: query.kind, body: query.body) == query)
        }
    }

    @Test func `queries for what cannot be are refused`() throws {
        let group = try pathed("svc:/a/:properties/g")
        func isRefused(_ query: PropertyQuery) -> Bool {
            (try? PropertyQuery(kind: query.kind, body: query.body)) == nil
        }
        #expect(isRefused(.entity(group)))
        #expect(isRefused(.group(group.owner, ownerID: nil)))
        #expect(isRefused(.property(group)))
        #expect(isRefused(.list(.groups(of: group, id: nil), page: .init())))
        #expect(isRefused(.groups(.owner(group, id: nil), type: nil, page: .init())))
        #expect(isRefused(.groups(.owner(group.owner, id: nil), type: "a b", page: .init())))
        #expect(isRefused(.composedGroup(ComposedSource(group.servicePath), name: "g")))
        #expect(isRefused(.composedGroup(ComposedSource(try pathed("svc:/a:i")), name: "9")))
        #expect(isRefused(.snapshots(of: group.servicePath, id: nil, page: .init())))
        #expect(throws: StoreFailure.self) { try PropertyQuery(kind: 11, body: []) }
    }

    @Test func `replies come back from their encoding`() throws {
        let id = EntityID(index: LogIndex(7), ordinal: 1)
        let version = GroupVersion(index: LogIndex(300), ordinal: 0)
        let header = GroupHeader(id: id, version: version, type: "t", isPersistent: false)
        let count = try content(.count, "1", "2")
        for reply in [EntityReply(id: id), EntityReply(id: nil)] {
            #expect(try EntityReply(reply.encoded()) == reply)
        }
        let group = PropertyGroup(
            header: header, properties: [Property(name: "p", content: count)])
        for reply in [GroupReply(group: group), GroupReply(group: nil), .unchanged] {
            #expect(try GroupReply(reply.encoded()) == reply)
        }
        let property = PropertyReply(found: .init(version: version, content: count))
        for reply in [property, PropertyReply(found: nil)] {
            #expect(try PropertyReply(reply.encoded()) == reply)
        }
        let listing = PropertyListing(
            entries: [
                .init(name: "a", id: id, group: header), .init(name: "b", id: id, group: nil),
            ], hasMore: true)
        #expect(try PropertyListing(listing.encoded()) == listing)
        for end in 0..<listing.encoded().count {
            #expect(throws: DecodingFailure.self) {
                try PropertyListing(Array(listing.encoded()[..<end]))
            }
        }
        let snapshot = SnapshotName(id: id, content: EntityID(index: LogIndex(8), ordinal: 0))
        let values: [PropertyChangeValue] = [
            .property(count), .group(header), .entity(id), .snapshot(snapshot),
        ]
        for value in values {
            #expect(try PropertyChangeValue(value.encoded()) == value)
        }
    }

    @Test func `pages come back from their encoding, and whole`() throws {
        let id = EntityID(index: LogIndex(7), ordinal: 1)
        let header = GroupHeader(
            id: id, version: GroupVersion(index: LogIndex(300), ordinal: 0), type: "t",
            isPersistent: true)
        let group = PropertyGroup(
            header: header, properties: [Property(name: "p", content: try content(.count, "1"))])
        let groups = GroupListing(
            entries: [.init(name: "a", group: group), .init(name: "b", group: group)], through: "c")
        let composed = ComposedListing(
            entries: [
                .init(name: "a", group: ComposedGroup(instance: group, service: nil)),
                .init(name: "b", group: ComposedGroup(instance: nil, service: group)),
                .init(name: "c", group: ComposedGroup(instance: group, service: group)),
            ], through: nil)
        let name = SnapshotName(id: id, content: EntityID(index: LogIndex(9), ordinal: 3))
        let snapshots = SnapshotListing(
            entries: [.init(name: "running", snapshot: name)], through: "running")
        let snapshot = SnapshotReply(
            found: .init(
                name: name,
                content: SnapshotContent(
                    holders: 1, service: "a", instance: "b", instanceGroups: 2, serviceGroups: 3,
                    groupBytes: 700),
                version: LogIndex(300)))
        let one = ComposedReply(group: ComposedGroup(instance: nil, service: group))
        #expect(try GroupListing(groups.encoded()) == groups)
        #expect(try ComposedListing(composed.encoded()) == composed)
        #expect(try SnapshotListing(snapshots.encoded()) == snapshots)
        #expect(try SnapshotReply(snapshot.encoded()) == snapshot)
        #expect(try SnapshotReply([0]) == SnapshotReply(found: nil))
        #expect(try ComposedReply(one.encoded()) == one)
        func refusesCuts(_ bytes: [UInt8], _ read: ([UInt8]) throws -> Void) {
            for end in 0..<bytes.count {
                #expect(throws: DecodingFailure.self) { try read(Array(bytes[..<end])) }
            }
        }
        refusesCuts(groups.encoded()) { _ = try GroupListing($0) }
        refusesCuts(composed.encoded()) { _ = try ComposedListing($0) }
        refusesCuts(snapshots.encoded()) { _ = try SnapshotListing($0) }
        refusesCuts(snapshot.encoded()) { _ = try SnapshotReply($0) }
    }
}
