import Manifests
import Properties
import Testing

/// What is exported is what is imported.
@Suite struct ExportTests {
    private func text(_ tree: ServiceTree) throws -> String {
        String(decoding: try tree.bundle(named: "export").encoded(), as: UTF8.self)
    }

    @Test(arguments: ["queue.xml", "template.xml"])
    func `an example that is imported comes back, and its export is stable`(
        _ name: String
    ) throws {
        let tree = try Samples.tree(try Samples.file(name))
        let first = try text(tree)
        let again = try Samples.tree(Array(first.utf8))
        #expect(again == tree, "\(first)")
        #expect(try text(again) == first)
    }

    @Test(arguments: ["queue", "template"])
    func `the export of an example reads as a person would write it`(_ name: String) throws {
        let tree = try Samples.tree(try Samples.file("\(name).xml"))
        let wanted = String(decoding: try Samples.file("\(name)-exported.xml"), as: UTF8.self)
        #expect(try text(tree) == wanted)
    }

    @Test func `any tree comes back from its export`() throws {
        let start = UInt64.random(in: 0..<1_000_000)
        var elements: Set<String> = []
        for seed in start..<(start + 200) {
            var generator = TreeGenerator(seed: seed)
            let tree = generator.tree()
            let exported = try text(tree)
            let again = try Samples.tree(Array(exported.utf8))
            #expect(again == tree, "seed \(seed): \(exported)")
            #expect(try text(again) == exported, "seed \(seed)")
            if again != tree { return }
            elements.formUnion(exported.matches(of: /<([a-z_]+)/).map { String($0.output.1) })
        }
        let wanted: Set = [
            "create_default_instance", "single_instance", "restarter", "dependency", "dependent",
            "exec_method", "method_context", "property_group", "stability", "template", "manpage",
            "doc_link", "pg_pattern", "prop_pattern", "constraints", "choices", "values",
            "method_environment", "method_profile", "method_credential", "description",
        ]
        #expect(wanted.subtracting(elements) == [], "seed \(start)")
    }

    @Test func `a tree whose instances all tell their state is a manifest`() throws {
        let tree = try Samples.tree(try Samples.file("queue.xml"))
        #expect(try tree.bundle(named: "x").kind == .manifest)
        let bare = ServiceTree([
            EntityTree(try Samples.path("svc:/a"), groups: []),
            EntityTree(try Samples.path("svc:/a:i"), groups: []),
        ])
        #expect(try bare.bundle(named: "x").kind == .archive)
        #expect(try text(bare).contains("<instance name='i'/>"))
    }

    @Test(
        arguments: [
            ("g", "t", "p", [0xFF], "which is not UTF-8"),
            ("g", "t", "p", [0x61, 0x1B], "which has the character U+001B"),
            ("start", "method", "exec", [2], "which has the character U+0002"),
            (
                "method_context", "framework", "user", [0xEF, 0xBF, 0xBF],
                "which has the character U+FFFF"
            ),
            ("tm_common_name", "template", "C", [3], "which has the character U+0003"),
        ] as [(String, String, String, [UInt8], String)])
    func `a value that XML has not is told by its name`(
        _ group: String, _ type: String, _ name: String, _ value: [UInt8], _ reason: String
    ) throws {
        func property(_ name: String, _ text: [UInt8]) throws -> PropertyTree {
            PropertyTree(
                name, try #require(PropertyContent(type: .astring, values: [.text(text)])))
        }
        let others = try type == "method" ? [property("type", Array("method".utf8))] : []
        let tree = ServiceTree([
            EntityTree(
                try Samples.path("svc:/a"),
                groups: [GroupTree(group, type: type, others + [try property(name, value)])])
        ])
        #expect(
            throws: ManifestFailure.notExpressible(
                "a value of svc:/a/:properties/\(group)/\(name), \(reason)")
        ) { _ = try tree.bundle(named: "x").encoded() }
    }

    @Test func `a profile of enabled states names those that have one`() throws {
        let tree = try Samples.tree(try Samples.file("queue.xml"))
        let profile = try Samples.tree(tree.enabledStates(named: "extract").encoded())
        #expect(
            Samples.listing(profile) == [
                "svc:/application/example/queue:default/:properties/general framework",
                "svc:/application/example/queue:default/:properties/general/enabled boolean false",
                "svc:/application/example/queue:spare/:properties/general framework",
                "svc:/application/example/queue:spare/:properties/general/enabled boolean true",
            ])
    }
}
