import Foundation
import Testing

/// The headers of the C library against the prototypes that programs need.
struct HeaderTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    }

    /// Each prototype of `text` with one blank between its words.
    private func prototypes(_ text: String) -> Set<String> {
        var found: Set<String> = []
        var statement = ""
        for line in text.split(separator: "\n") {
            if statement.isEmpty, !line.contains("scf_") || "#@/ \t".contains(line.prefix(1)) {
                continue
            }
            statement += line + " "
            guard line.hasSuffix(";") else { continue }
            let words = statement.split { $0 == " " || $0 == "\t" }
            if statement.contains("(") { found.insert(words.joined(separator: " ")) }
            statement = ""
        }
        return found
    }

    private func name(_ prototype: String) -> String {
        let head = prototype.prefix { $0 != "(" }
        return head.split { $0 == " " || $0 == "*" }.last.map(String.init) ?? ""
    }

    @Test func `every prototype that programs need is in a header, to the letter`() throws {
        let declared = try prototypes(
            text("Sources/LibSCF/include/libscf.h") + text("Sources/LibSCF/include/libscf_priv.h"))
        let required = try prototypes(text("Tests/Fixtures/scf/REQUIRED_API.txt"))
        #expect(required.count > 170)
        for prototype in required {
            #expect(declared.contains(prototype), "\(prototype)")
        }
    }

    @Test(
        arguments: [
            ("SCF_TYPE_STRING_NET_ADDR_V4", "net_address_v4"), ("SCF_TYPE_STRING_TIME", "time"),
            ("SCF_GROUP_TEMPLATE_PG_PATTERN", "template_pg_pattern"),
            ("SCF_PG_APP_DEFAULT", "application"), ("SCF_PG_GENERAL", "general"),
            ("SCF_PG_RESTARTER", "restarter"), ("SCF_PROPERTY_ENABLED", "enabled"),
            ("SCF_PROPERTY_AUX_STATE", "auxiliary_state"), ("SCF_PROPERTY_STATE", "state"),
            ("SCF_PROPERTY_TIMEOUT", "timeout_seconds"), ("SCF_DEP_REQUIRE_ALL", "require_all"),
            ("SCF_DEP_RESET_ON_ERROR", "error"), ("SCF_STATE_STRING_UNINIT", "uninitialized"),
            ("SCF_STATE_STRING_MAINT", "maintenance"), ("SCF_STATE_STRING_LEGACY", "legacy_run"),
        ] as [(String, String)])
    func `names that programs take from the header are in it`(name: String, value: String) throws {
        let lines = try text("Sources/LibSCF/include/libscf.h").split(separator: "\n")
        let words = lines.map { $0.split(separator: "\t").map(String.init) }
        #expect(words.filter { $0 == ["#define", name, "\"\(value)\""] }.count == 1)
    }

    @Test func `every function that a header declares is one of the library's, and no other is`()
        throws
    {
        let declared = try prototypes(
            text("Sources/LibSCF/include/libscf.h") + text("Sources/LibSCF/include/libscf_priv.h"))
        let folder = Self.root.appending(path: "Sources/LibSCF")
        var defined: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where file.hasSuffix(".swift") {
            for part in try text("Sources/LibSCF/" + file).split(separator: "@c(").dropFirst() {
                defined.insert(String(part.prefix { $0 != ")" }))
            }
        }
        #expect(Set(declared.map(name)).symmetricDifference(defined) == [])
    }
}
