import LockstepCLI
import Manifests
import Properties
import Testing

// Importing documents of `svc:/a/b`, and looking at what became of them.
extension MemoryRepository {
    /// Imports what a manifest tells.
    @discardableResult
    func run(_ tree: ServiceTree) async throws -> ImportReport {
        try await ManifestImport(into: self).run(tree)
    }

    /// The text of a property of the service's group `config`; nil where there is none.
    func value(_ name: String) async throws -> String? {
        let path = try Documents.path("svc:/a/b")
        return try await lines(of: path, .direct)
            .first { $0.group == "config" && $0.name == name }
            .flatMap { $0.values.first.map { String(decoding: $0.stringBytes, as: UTF8.self) } }
    }

    /// The names of an instance's snapshots.
    func snapshotNames(of instance: String) async throws -> [String] {
        let path = try Documents.path(instance)
        let reply = try await read(.snapshots(of: path, id: nil, page: .init()))
        return try SnapshotListing(reply).entries.map(\.name)
    }

    /// Sets a property of the service's group `config` as *setprop* does.
    func set(_ name: String, to text: String) async throws {
        let path = try Documents.path("svc:/a/b/:properties/config/\(name)")
        _ = try await GroupEditing(in: self).set(path, type: .astring, [text])
    }
}

extension Documents {
    /// A manifest of `svc:/a/b:i` whose group `config` is so.
    static func manifest(_ properties: [(String, String)]) throws -> ServiceTree {
        let inside = properties.map {
            "<propval name='\($0.0)' type='astring' value='\($0.1)'/>"
        }.joined()
        return try service(
            """
            <property_group name='config' type='application'>\(inside)</property_group>
            <instance name='i' enabled='true'/>
            """)
    }
}
