import LockstepCLI
import Manifests
import Properties
import Testing

/// Several documents in one command.
@Suite struct ImportSeriesTests {
    private let repository = MemoryRepository()

    @Test func `of several documents those before one that fails are told`() async throws {
        let groups = (0..<1_030).map { "<property_group name='g\($0)' type='t'/>" }.joined()
        let instance = "<instance name='i' enabled='true'/>"
        let series = await ImportSeries(
            of: [
                ("a", try Documents.manifest([])),
                ("b", try Documents.service("\(groups)\(instance)")),
                ("c", try Documents.manifest([("p", "1")])),
            ], into: repository)
        #expect(series.reports.map(\.file) == ["a"])
        let text = try #require(series.failure?.text)
        #expect(text.hasPrefix("b: "))
        #expect(text.hasSuffix("; 1 file before it stand imported, 1 behind it were not begun"))
        #expect(try await repository.value("p") == nil)
    }

    @Test(arguments: [
        (5_001, 1, 0, " steps in a transaction, over the limit of 10000"),
        (200, 4_000, 4, " bytes, over the limit of 8388608"),
    ])
    func `who is to divide a document of one service is told what can be done`(
        _ groups: Int, _ bytes: Int, _ instances: Int, _ told: String
    ) async throws {
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
        let series = await ImportSeries(
            of: [("a", ServiceTree([service] + all))], into: repository)
        let failure = try #require(series.failure?.text)
        #expect(
            failure.hasSuffix(
                "\(told); a service is imported as one: give it fewer instances, or fewer or smaller "
                    + "groups"))
    }
}
