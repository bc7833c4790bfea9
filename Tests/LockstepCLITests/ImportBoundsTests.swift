import Codec
import LockstepCLI
import Manifests
import Properties
import Testing

/// Which documents no import can take, told when they are written.
@Suite struct ImportBoundsTests {
    /// A service with `groups` groups of a property of `bytes` bytes each, and instances.
    private func tree(_ groups: Int, bytes: Int, instances: Int) throws -> ServiceTree {
        let text = String(repeating: "x", count: bytes)
        let content = try #require(PropertyContent(type: .astring, strings: [text]))
        let service = EntityTree(
            try Documents.path("svc:/a"),
            groups: (0..<groups).map {
                GroupTree("g\($0)", type: "t", [PropertyTree("p", content)])
            })
        let all = try (0..<instances).map {
            EntityTree(try Documents.path("svc:/a:i\($0)"), groups: [])
        }
        return ServiceTree([service] + all)
    }

    @Test(arguments: [
        (2_000, 1, 0, nil),
        (5_001, 1, 0, "a transaction of 10003 operations, the most are 10000"),
        (600, 4_000, 0, "bytes, the most are 2097152"),
        (1_024, 1, 1, nil),
        (1_025, 1, 1, "a snapshot would have 1025 groups"),
        (200, 4_000, 3, nil),
        (200, 4_000, 4, "bytes, over the limit of 8388608"),
    ])
    func `what an import into an empty cluster comes to is told`(
        _ groups: Int, _ bytes: Int, _ instances: Int, _ told: String?
    ) async throws {
        let tree = try tree(groups, bytes: bytes, instances: instances)
        let refusal = tree.importRefusal(documentBytes: 1)?.text
        if let told {
            #expect(refusal?.contains(told) == true, "\(refusal ?? "")")
            #expect(refusal?.hasSuffix("or fewer or smaller groups") == true)
        } else {
            #expect(refusal == nil)
        }
        guard groups < 5_000, bytes < 4_000 || instances > 0 else { return }
        // So it is.
        do throws(RepositoryFailure) {
            _ = try await ManifestImport(into: MemoryRepository()).run(tree)
            #expect(told == nil)
        } catch {
            #expect(told.map { error.command.text.contains($0) } == true, "\(error)")
        }
    }

    @Test func `only services are divided among documents`() throws {
        let one = try tree(1, bytes: 1, instances: 3)
        let two = ServiceTree(
            one.entities + [EntityTree(try Documents.path("svc:/b"), groups: [])])
        let length = 5 << 20
        let ofOne = one.importRefusal(documentBytes: length)?.text ?? ""
        #expect(ofOne.contains("; a service is imported as one: "))
        let ofTwo = two.importRefusal(documentBytes: length)?.text ?? ""
        #expect(ofTwo.hasSuffix("; divide its services among several documents"))
    }

    @Test func `a document that is too long is told before all else`() throws {
        let refusal = try tree(1, bytes: 1, instances: 1).importRefusal(documentBytes: 5 << 20)
        #expect(refusal?.exit == .malformedInput)
        #expect(refusal?.text.hasPrefix("it has 5242880 bytes, the most are 4194304") == true)
    }

    @Test func `the bounds are those of the cluster`() throws {
        var limits = Limits()
        limits.transactionBytes = 10
        let refusal = try tree(1, bytes: 1, instances: 1).importRefusal(
            documentBytes: 1, limits: limits)?.text
        #expect(refusal?.contains("bytes, the most are 10") == true)
    }
}
