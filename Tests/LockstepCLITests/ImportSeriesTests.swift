import LockstepCLI
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
}
