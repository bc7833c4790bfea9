import LockstepCLI
import Properties
import Testing

/// Services in memory that commands of svcprop and svccfg are tried on.
struct ServiceFixture {
    let repository = MemoryRepository()

    /// Services `net/http` (a, b), `old/http` (a) and `bare`, with groups of properties.
    init() async throws {
        var operations: [PropertyOperation] = []
        for text in ["svc:/net/http", "svc:/old/http", "svc:/bare"] {
            operations.append(.addService(try Documents.path(text)))
        }
        for text in ["svc:/net/http:a", "svc:/net/http:b", "svc:/old/http:a"] {
            operations.append(.addInstance(try Documents.path(text), serviceID: nil))
        }
        operations += [
            try set("svc:/net/http/:properties/c/p", .count, ["1", "2"]),
            try set("svc:/net/http/:properties/c/q", .astring, ["two words", ""]),
            try set("svc:/net/http:a/:properties/c/p", .count, ["7"]),
            try set("svc:/bare/:properties/c/p", .count, ["0"]),
            .addGroup(
                try Documents.path("svc:/net/http:a/:properties/state"), ownerID: nil,
                GroupCreation(type: "framework", isPersistent: false)),
        ]
        _ = try await repository.submit(operations, expecting: [])
    }

    /// Sets a property, and makes its group of the type `application` where it is missing.
    func set(
        _ path: String, _ type: PropertyType, _ texts: [String]
    ) throws -> PropertyOperation {
        .setProperty(
            try Documents.path(path),
            to: try #require(PropertyContent(type: type, strings: texts)),
            creation: GroupCreation(type: "application"))
    }

    /// The paths of what a name or a pattern finds.
    func find(_ text: String, prefersInstances: Bool = false) async throws -> [String] {
        try await repository.find(
            try EntityPattern(text), prefersInstances: prefersInstances
        ).map(\.description)
    }

    /// A listing and its lines, as `listprop` shows them.
    func list(
        _ names: [String], _ properties: [String] = [], _ view: PropertyView = .running
    ) async throws -> (lines: [String], listing: PropertySelection.Listing) {
        let listing = try await PropertySelection(view: view, properties: properties, names: names)
            .list(in: repository)
        let isBare = listing.isOneProperty
        return (
            listing.lines.map {
                String(
                    decoding: $0.bytes(isFull: listing.isOfSeveral, isBare: isBare).dropLast(),
                    as: UTF8.self)
            }, listing
        )
    }
}
