import Foundation
import Manifests
import Properties
import Testing

/// Documents and contents for the tests here.
enum Samples {
    static func file(_ name: String) throws -> [UInt8] {
        let folder = try #require(Bundle.module.resourceURL)
        return Array(try Data(contentsOf: folder.appendingPathComponent("Examples/\(name)")))
    }

    /// What a whole document says.
    static func tree(_ bytes: [UInt8]) throws -> ServiceTree {
        try ServiceTree(ServiceBundle(parsing: bytes))
    }

    /// What the service `a/b` with `inside` says.
    static func service(_ inside: String, kind: String = "manifest") throws -> ServiceTree {
        try tree(
            Array(
                """
                <service_bundle type='\(kind)' name='x'>
                <service name='a/b' type='service' version='1'>
                \(inside)
                </service></service_bundle>
                """.utf8))
    }

    static func path(_ text: String) throws -> PropertyPath {
        try #require(PropertyPath(text), "\(text)")
    }

    static func content(_ type: PropertyType, _ values: String...) throws -> PropertyContent {
        try #require(PropertyContent(type: type, strings: values), "\(values)")
    }

    /// The tree as lines of path, type and values, in the order of paths.
    static func listing(_ tree: ServiceTree) -> [String] {
        tree.entities.flatMap { entity in
            entity.groups.flatMap { group -> [String] in
                let path = "\(entity.path)/:properties/\(group.name)"
                return ["\(path) \(group.type)"]
                    + group.properties.map { property in
                        ([
                            "\(path)/\(property.name)", property.content.type.description,
                        ] + property.content.values.map(quoted)).joined(separator: " ")
                    }
            }
        }
    }

    private static func quoted(_ value: PropertyValue) -> String {
        let text = String(decoding: value.stringBytes, as: UTF8.self)
        let special = Set(";&()|^<>\n \t\\\"'`")
        return text.isEmpty
            ? "\"\"" : text.map { special.contains($0) ? "\\\($0)" : "\($0)" }.joined()
    }
}
