import Identifiers
import Manifests
import Testing

/// Documents that nobody wrote are refused or understood, never worse.
@Suite struct MutationTests {
    /// Cuts, doubles, swaps and overwrites some bytes.
    private func mutate(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        let words = [
            "<", ">", "'", "&", "/", "<!--", "]]>", "&#0;", "delete='true'", "1", "\0", "é",
        ]
        for _ in 0..<Int.random(in: 1...4, using: &random) where bytes.count > 20 {
            let start = Int.random(in: 0..<bytes.count - 10, using: &random)
            let part = start..<(start + Int.random(in: 1...10, using: &random))
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.removeSubrange(part)
            case 1: bytes.insert(contentsOf: bytes[part], at: start)
            case 2: bytes[start] = UInt8.random(in: 0...255, using: &random)
            case 3: bytes.removeSubrange(start...)
            case _:
                let word = words.randomElement(using: &random) ?? "<"
                bytes.insert(contentsOf: word.utf8, at: start)
            }
        }
        return bytes
    }

    @Test(arguments: ["queue.xml", "template.xml"])
    func `a mutated example is refused, or comes back from its export`(_ name: String) throws {
        let example = try Samples.file(name)
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SeededGenerator(seed: seed)
        var taken = 0
        var failures: Set<String> = []
        for round in 0..<2_000 {
            let bytes = mutate(example, &random)
            let tree: ServiceTree
            do {
                tree = try ManifestDocument(parsing: bytes).tree
            } catch {
                failures.insert(kind(of: error))
                // One look after the other finds something too.
                #expect(throws: ManifestFailure.self, "seed \(seed), round \(round)") {
                    try Samples.tree(bytes)
                }
                continue
            }
            taken += 1
            let exported = try tree.bundle(named: "x").encoded()
            let again = try Samples.tree(exported)
            // Deleted dependents are told at their target, which makes that one declared.
            #expect(
                Samples.listing(again) == Samples.listing(tree), "seed \(seed), round \(round)")
        }
        #expect(taken > 20, "seed \(seed)")
        #expect(failures.isSuperset(of: ["malformed", "invalid"]), "seed \(seed): \(failures)")
    }

    private func kind(of failure: ManifestFailure) -> String {
        switch failure {
        case .tooLarge: "too large"
        case .malformed: "malformed"
        case .invalid(let problems, _): problems.isEmpty ? "no problem" : "invalid"
        case .notExpressible: "not expressible"
        }
    }

    @Test func `an example cut anywhere is malformed`() throws {
        let example = try Samples.file("template.xml")
        let end = try #require(example.lastIndex(of: UInt8(ascii: ">")))
        for length in stride(from: 1, to: end, by: 7) {
            do {
                _ = try ServiceBundle(parsing: Array(example[..<length]))
                Issue.record("\(length) bytes are taken")
            } catch {
                let text = "\(error)"
                #expect(text.contains(": the document ends before "), "\(length) bytes: \(text)")
            }
        }
    }

    @Test(arguments: [
        ("", "line 1, column 1: the document is empty"),
        (" \n", "line 1, column 1: the document is empty"),
        ("<?xml version='1.0'?>\n", "line 2, column 1: the document ends before its first element"),
        ("hello", "line 1, column 1: the document begins with no element; it is no XML"),
        ("<a>&#1;</a>", "line 1, column 8: invalid xmlChar value 1"),
        ("<a>\n<b>", "line 2, column 4: the document ends before b is closed"),
    ])
    func `a document that is none, or ends too early, says so`(_ text: String, _ told: String) {
        do {
            _ = try ServiceBundle(parsing: Array(text.utf8))
            Issue.record("\(text) is taken")
        } catch {
            #expect("\(error)" == told)
        }
    }
}
