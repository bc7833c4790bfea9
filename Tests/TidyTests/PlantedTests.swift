import Testing

/// The checks themselves: each must find what is planted for it and leave the rest alone.
@Suite struct PlantedTests {
    private func forcing(_ text: String) -> [Int] {
        FileRules.forcing("planted.swift", MaskedSource(text)).map(\.line)
    }

    @Test(arguments: [
        "let a = b!", "let a = b!.c", "f(b!)", "let a = b[0]!", "let a = f()!", "var a: Int!",
        "let a = try! f()", "let a = b as! C", "let a: [Int]! = nil", "a! = b",
        "let c = \"\\(b!)\"",
        "let c = \"\"\"\n  \\(b!)\n  \"\"\"", "let c = #\"\\#(b!)\"#", "let a = b?.c!",
        "`odd name`!.f()",
    ])
    func `a forced value is found`(text: String) {
        #expect(forcing(text).count == 1, "\(text)")
    }

    @Test(arguments: [
        "if !a {}", "a != b", "a!=b", "f(!a)", "#if !DEBUG", "// wow!", "/* a! /* b! */ c! */",
        "let a = \"stop!\"", "let a = \"\\\"b!\"", "let a = #\"\\(b!)\"#",
        "let a = \"\"\"\n  b!\n  \"\"\"",
        "@Test func `it works!`() {}", "a && !b", "let a = [!b]", "let a = \"\\(b)!\"",
    ])
    func `a negation, a comment or a text is not`(text: String) {
        #expect(forcing(text).isEmpty, "\(text)")
    }

    @Test func `a violation names its line`() {
        #expect(forcing("// one\n\nlet a = \"!\"\nlet b = c!\n") == [4])
    }

    @Test func `masking keeps every offset`() {
        let text = "let a = \"x\\(b + \"y\")z\" // c\n/* d\n e */ let f = 1\n"
        let source = MaskedSource(text)
        #expect(source.code.count == text.utf8.count)
        #expect(source.words.map(\.text) == ["let", "a", "b", "let", "f", "1"])
        #expect(source.line(at: text.utf8.count - 1) == 3)
    }

    private func function(lines: Int, signature: String = "func f() {") -> String {
        ([signature] + Array(repeating: "    g()", count: lines - 2) + ["}"]).joined(
            separator: "\n")
            + "\n"
    }

    @Test(arguments: [
        "func f() {", "init(a: Int) {", "deinit {", "subscript(a: Int) -> Int {", "var a: Int {",
        "func f(a: () -> Void = {}) async throws(Failure) -> [Int: String] where T == Int {",
        "func `a name with { in it`() {",
    ])
    func `a body of 61 lines is too long, one of 60 is not`(signature: String) {
        let long = function(lines: 61, signature: signature)
        let found = FileRules.lengths("planted.swift", long, MaskedSource(long))
        #expect(found.map(\.line) == [1])
        let short = function(lines: 60, signature: signature)
        #expect(FileRules.lengths("planted.swift", short, MaskedSource(short)).isEmpty)
    }

    @Test func `a declaration without a body is not given the next one's`() {
        let text =
            "protocol P {\n    func f()\n    var a: Int { get }\n    func g() -> Int\n}\n"
            + "struct S {\n    var b = 1\n    var c: Int\n"
            + String(repeating: "    // d\n", count: 70)
            + "}\n"
        #expect(MaskedSource(text).bodies.map(\.lineCount) == [1])
    }

    @Test func `a signature over several lines is one declaration`() {
        let text = "func f(\n    a: Int\n)\n    throws\n    -> Int\n{\n    a\n}\n"
        #expect(MaskedSource(text).bodies.map(\.lineCount) == [8])
    }

    @Test func `a file of 601 lines is too long, one of 600 is not`() {
        for (count, violations) in [(600, 0), (601, 1)] {
            let text = String(repeating: "let a = 1\n", count: count)
            let found = FileRules.lengths("planted.swift", text, MaskedSource(text))
            #expect(found.count == violations)
        }
    }

    @Test func `public and testable are found outside comments and texts`() {
        let text = "public struct A {}\n@testable import B\n// public\nlet a = \"public\"\n"
        let found = { (target: String) in
            FileRules.access(
                "planted.swift", MaskedSource(text), publicTargets: ["Lockstep"], target: target
            ).map(\.line)
        }
        #expect(found("Codec") == [1, 2])
        #expect(found("Lockstep") == [2])
    }

    @Test func `imports are read whatever stands before them`() {
        let text = """
            import A
            package import B
            @preconcurrency import C
            public import struct D.E
            // import F
            let a = "import G"
            """
        #expect(MaskedSource(text).imports.map(\.module) == ["A", "B", "C", "D"])
    }

    private let manifest = Manifest(
        """
        let package = Package(
            name: "planted",
            targets: [
                // Floor 0: stones.
                .systemLibrary(
                    name: "CStone", pkgConfig: "stone", providers: [.apt(["stone-dev"])]),
                module("Stone", ["CStone"]),
                // Floor 1: walls.
                module("Wall", ["Stone", .product(name: "Mortar", package: "mortar")]),
                tests("Wall", ["Stone"]),
                module("Cellar", ["Wall", "Roof"], path: "under/Cellar"),
                // Floor 2: the roof.
                module("Roof", [
                    "Wall",
                ]),
                .executableTarget(name: "Door", dependencies: ["Roof"], swiftSettings: strict),
                // Beside the house.
                module("Shed"),
                // Floors 4 and 5: towers.
                module("Tower", ["Shed"]),
            ]
        )
        """)

    @Test func `the manifest's targets are read`() {
        #expect(
            manifest.targets.map(\.name) == [
                "CStone", "Stone", "Wall", "WallTests", "Cellar", "Roof", "Door", "Shed", "Tower",
            ])
        #expect(manifest.targets.map(\.floor) == [0, 0, 1, 1, 1, 2, 2, nil, 5])
        #expect(manifest.target(named: "Wall")?.dependencies == ["Stone", "Mortar"])
        #expect(manifest.target(named: "WallTests")?.dependencies == ["Wall", "Stone"])
        #expect(manifest.target(named: "Door")?.dependencies == ["Roof"])
        #expect(manifest.targets.filter(\.isExecutable).map(\.name) == ["Door"])
        #expect(manifest.target(named: "Cellar")?.folder == "under/Cellar")
        #expect(manifest.target(named: "WallTests")?.folder == "Tests/WallTests")
    }

    @Test func `a dependency that points up is found`() {
        let found = TargetRules.floors(manifest).map(\.message)
        #expect(
            found == [
                "Cellar (1) points up to Roof (2)",
                "Tower (5) points up to Shed (beside the house)",
            ])
    }

    @Test func `an import that the manifest does not list is found`() throws {
        let wall = try #require(manifest.target(named: "Wall"))
        let source = MaskedSource("import Foundation\nimport Mortar\nimport Roof\n")
        #expect(TargetRules.imports("planted.swift", source, of: wall).map(\.line) == [3])
    }

    @Test func `a module named after its type is found`() throws {
        let wall = try #require(manifest.target(named: "Wall"))
        let named = MaskedSource("package struct Wall {}\n")
        #expect(TargetRules.moduleName("planted.swift", named, of: wall).count == 1)
        let nested = MaskedSource("enum A { struct Wall {} }\n// struct Wall\n")
        #expect(TargetRules.moduleName("planted.swift", nested, of: wall).isEmpty)
    }

    @Test func `folders and leftovers are found`() {
        #expect(TargetRules.folders("Sources/Codec/Utils/A.swift").count == 1)
        #expect(TargetRules.folders("Sources/Codec/Helpers.swift").isEmpty)
        let mark = "TO" + "DO"
        #expect(FileRules.leftovers("a", "fine\n// \(mark): later\n").map(\.line) == [2])
    }

    @Test func `a table that is not its source's is found`() throws {
        let article = "# A\nSource: `a.swift`\n\n| 1 | a |\n| 2 | b |\n\n# B\n| 3 | c |\n"
        let excerpt = try #require(Articles.excerpts(article).first)
        #expect(excerpt.rows == ["| 1 | a |", "| 2 | b |"])
        let violations = { (source: String?) in
            Articles.violations("a.md", excerpt, source: source).map(\.line)
        }
        #expect(violations("/// | 1 | a |\n    /// | 2 | b |\n// | 3 | c |\n") == [])
        #expect(violations("/// | 1 | a |\n/// | 2 | c |\n") == [2])
        #expect(violations("/// | 1 | a |\n") == [2])
        #expect(violations(nil) == [2])
    }
}
