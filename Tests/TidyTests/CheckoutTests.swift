import Testing

/// The rules of the house, over the files of the house.
@Suite struct CheckoutTests {
    let checkout = Checkout()

    /// Each Swift file with its masked text and the target it belongs to.
    private func sources() throws -> [(Checkout.File, MaskedSource, Manifest.Target?)] {
        let targets = try checkout.manifest().targets
        return try checkout.swiftFiles().map { file in
            let owner = targets.filter { file.path.hasPrefix($0.folder + "/") }
                .max { $0.folder.count < $1.folder.count }
            return (file, MaskedSource(file.text), owner)
        }
    }

    private func expectNone(_ violations: [Violation]) {
        let report = violations.map(\.description).joined(separator: "\n")
        #expect(violations.isEmpty, "violations: \(violations.count)\n\(report)")
    }

    @Test func `the manifest and the sources are found`() throws {
        let manifest = try checkout.manifest()
        #expect(manifest.target(named: "Codec")?.floor == 1)
        #expect(manifest.target(named: "CodecTests")?.isTest == true)
        #expect(manifest.target(named: "CLibuv")?.floor == 0)
        #expect(try checkout.swiftFiles().count > 30)
    }

    /// Fuzzing is a target only where its environment variable is set.
    @Test func `every folder of sources belongs to a target`() throws {
        expectNone(
            try sources().filter { $0.2 == nil && !$0.0.path.hasPrefix("tools/fuzz/") }.map {
                file, _, _ in
                Violation(path: file.path, line: 0, message: "no target of the manifest holds it")
            })
    }

    @Test func `a target imports only what its line in the manifest lists`() throws {
        expectNone(
            try sources().flatMap { file, source, target in
                target.map { TargetRules.imports(file.path, source, of: $0) } ?? []
            })
    }

    @Test func `dependencies point down the floors`() throws {
        expectNone(TargetRules.floors(try checkout.manifest()))
    }

    @Test func `files and functions stay within their lengths`() throws {
        expectNone(try sources().flatMap { FileRules.lengths($0.0.path, $0.0.text, $0.1) })
    }

    @Test func `public is for the client library and the C interface alone`() throws {
        // The witnesses of a public type's public protocol must be public, in a program too.
        let programs = try checkout.manifest().targets.filter(\.isExecutable).map(\.name)
        let targets = Set(programs).union(["Lockstep", "LibSCF"])
        expectNone(
            try sources().flatMap { file, source, target in
                FileRules.access(
                    file.path, source, publicTargets: targets, target: target?.name ?? "")
            })
    }

    @Test func `nothing is unwrapped by force`() throws {
        expectNone(try sources().flatMap { FileRules.forcing($0.0.path, $0.1) })
    }

    @Test func `no module is named after a type in it`() throws {
        expectNone(
            try sources().flatMap { file, source, target in
                target.map { TargetRules.moduleName(file.path, source, of: $0) } ?? []
            })
    }

    @Test func `folders are concepts and no work is left behind`() throws {
        let endings = [".swift", ".c", ".h", ".md", ".py", ".toml", ".yaml", ".yml", ".service"]
        let files = try ["Sources", "Tests", "cluster", "tools"].flatMap {
            try checkout.files(under: $0, endings: endings)
        }
        expectNone(files.flatMap { TargetRules.folders($0.path) })
        expectNone(files.flatMap { FileRules.leftovers($0.path, $0.text) })
        for path in ["Package.swift", "README.md"] {
            expectNone(FileRules.leftovers(path, try checkout.text(of: path)))
        }
    }

    @Test func `the top level holds what it should and nothing else`() throws {
        let wanted: Set<String> = [
            "LICENSE", "Package.swift", "README.md", "Sources", "Tests", "cluster", "tools",
        ]
        // What git does not keep, such as resolved versions and a cluster that was tried out.
        let ignored = try checkout.text(of: ".gitignore").split(separator: "\n")
            .map { $0.hasSuffix("/") ? String($0.dropLast()) : String($0) }
        let found = try checkout.topLevel().subtracting(ignored)
        #expect(found == wanted)
    }

    @Test func `the byte tables of the articles are those of the sources`() throws {
        let articles = try checkout.files(under: "Sources", endings: [".md"])
        var count = 0
        for article in articles {
            for excerpt in Articles.excerpts(article.text) {
                count += excerpt.rows.count
                let source = try? checkout.text(of: excerpt.source)
                expectNone(Articles.violations(article.path, excerpt, source: source))
            }
        }
        #expect(count > 100, "\(count) rows in \(articles.count) articles")
    }
}
