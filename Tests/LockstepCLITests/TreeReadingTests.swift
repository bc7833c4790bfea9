import LockstepCLI
import Manifests
import Properties
import Testing

/// Reading services with all their instances while others change them.
@Suite struct TreeReadingTests {
    private let repository = MemoryRepository()

    /// Services `a` (with the instance `i`) and `b`, each with a group.
    private func fill() async throws {
        var operations: [PropertyOperation] = []
        for text in ["svc:/a", "svc:/b"] {
            operations.append(.addService(try Documents.path(text)))
            operations.append(try add("\(text)/:properties/g"))
        }
        operations.append(.addInstance(try Documents.path("svc:/a:i"), serviceID: nil))
        operations.append(try add("svc:/a:i/:properties/state", isPersistent: false))
        _ = try await repository.submit(operations, expecting: [])
    }

    private func add(_ path: String, isPersistent: Bool = true) throws -> PropertyOperation {
        .addGroup(
            try Documents.path(path), ownerID: nil,
            GroupCreation(type: "t", isPersistent: isPersistent))
    }

    private func paths(_ patterns: [String] = []) async throws -> [String] {
        try await repository.tree(of: patterns.map { try EntityPattern($0) }).tree.entities
            .map(\.path.description)
    }

    @Test func `a listing that is too long for a command is refused`() async throws {
        let repository = MemoryRepository(mostListed: 2)
        for (number, text) in ["svc:/a", "svc:/b", "svc:/c"].enumerated() {
            _ = try await repository.submit(
                [.addService(try Documents.path(text))], expecting: [])
            let told =
                "there are more than 2 of them, which one command does not list; name each whole"
            if number < 2 {
                #expect(try await repository.tree().tree.entities.count == number + 1)
            } else {
                await #expect(throws: RepositoryFailure.failed(CommandFailure(.negative, told))) {
                    try await repository.tree()
                }
            }
        }
    }

    @Test func `of a transaction that falls into the reading all is read or nothing`() async throws
    {
        for place in 0..<12 {
            let repository = MemoryRepository()
            let first = try Documents.path("svc:/a")
            let second = try Documents.path("svc:/z")
            let group = try Documents.path("svc:/a/:properties/g")
            _ = try await repository.submit([.addService(first)], expecting: [])
            let nothing = [[PropertyOperation]](repeating: [], count: place)
            repository.intrudeReads(
                nothing + [
                    [.addGroup(group, ownerID: nil, GroupCreation(type: "t")), .addService(second)]
                ])
            let tree = try await repository.tree().tree
            #expect((tree[first]?["g"] != nil) == (tree[second] != nil), "before read \(place)")
        }
    }

    @Test func `a service that is deleted while it is read is not read, and nothing fails`()
        async throws
    {
        for place in 0..<12 {
            let repository = MemoryRepository()
            let kept = try Documents.path("svc:/a")
            let service = try Documents.path("svc:/b")
            let instance = try Documents.path("svc:/b:i")
            _ = try await repository.submit(
                [.addService(kept), .addService(service), .addInstance(instance, serviceID: nil)],
                expecting: [])
            let nothing = [[PropertyOperation]](repeating: [], count: place)
            repository.intrudeReads(
                nothing + [[.delete(instance, id: nil), .delete(service, id: nil)]])
            let tree = try await repository.tree().tree
            #expect(tree.entities.count == 1 || tree.entities.count == 3, "before read \(place)")
        }
    }

    @Test func `names are found though a service is deleted meanwhile`() async throws {
        try await fill()
        repository.intrudeReads([
            [], [.delete(try Documents.path("svc:/b"), id: nil)],
        ])
        let found = try await repository.find(try EntityPattern("*:*"))
        #expect(found.map(\.description) == ["svc:/a:i"])
    }

    @Test func `what services write of their states is in nobody's way`() async throws {
        try await fill()
        let now = try Documents.path("svc:/a:i/:properties/state/now")
        repository.intrudeReads(
            try (0..<400).map { number in
                let content = PropertyContent(type: .count, strings: ["\(number)"])
                return [.setProperty(now, to: try #require(content))]
            })
        let tree = try await repository.tree().tree
        #expect(tree[try Documents.path("svc:/a:i")]?.groups == [])
    }

    @Test func `what is named by instances, patterns or twice is read once and whole`()
        async throws
    {
        try await fill()
        #expect(try await paths(["svc:/a:i", "a", "svc:/a"]) == ["svc:/a", "svc:/a:i"])
        #expect(try await paths(["*"]) == ["svc:/a", "svc:/a:i", "svc:/b"])
    }

    @Test(arguments: [
        ("svc:/none", "there is no svc:/none"), ("svc:/a:none", "there is no svc:/a:none"),
        ("x*", "no service or instance fits x*"),
    ])
    func `what names nothing is told`(_ text: String, _ told: String) async throws {
        try await fill()
        await #expect(throws: RepositoryFailure.notFound(told)) {
            try await repository.tree(of: [try EntityPattern("svc:/a"), try EntityPattern(text)])
        }
    }
}
