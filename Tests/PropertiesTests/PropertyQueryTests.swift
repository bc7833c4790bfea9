import Codec
import Identifiers
import Properties
import Testing
import Transactions

struct PropertyQueryTests {
    @Test func `queries come back from their encoding`() throws {
        let group = try pathed("svc:/a:b/:properties/g")
        let id = EntityID(index: LogIndex(7), ordinal: 1)
        let page = PropertyQuery.Page(prefix: "a", after: "b", limit: 9)
        let queries: [PropertyQuery] = [
            .entity(group.owner), .entity(group.servicePath), .group(group, ownerID: id),
            .group(group, ownerID: nil), .property(try pathed("svc:/a/:properties/g/p")),
            .list(.services, page: page),
            .list(.instances(of: group.servicePath, id: id), page: page),
            .list(.groups(of: group.owner, id: nil), page: page),
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
        #expect(throws: StoreFailure.self) { try PropertyQuery(kind: 9, body: []) }
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
        for reply in [GroupReply(group: group), GroupReply(group: nil)] {
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
        for value: PropertyChangeValue in [.property(count), .group(header), .entity(id)] {
            #expect(try PropertyChangeValue(value.encoded()) == value)
        }
    }
}
