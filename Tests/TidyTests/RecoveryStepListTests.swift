import Testing

/// The steps that recovery counts, against the two articles that list them.
@Suite struct RecoveryStepListTests {
    private static let articles = "Sources/Lockstep/Lockstep.docc/"

    let checkout = Checkout()

    private func names() throws -> [String] {
        let text = try checkout.text(of: "Sources/WAL/RecoverySteps.swift")
        return text.matches(of: /\n +\(\.\w+, "([^"]+)"\),/).map { String($0.1) }
    }

    /// The names in one column of the table under `head`, row by row.
    private func told(_ article: String, _ head: String, column: Int) throws -> [[String]] {
        let text = try checkout.text(of: Self.articles + article)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0 == head })
        return lines[(start + 2)...].prefix { $0.hasPrefix("|") }.map { row in
            let cells = row.split(separator: "|").map { String($0.dropFirst().dropLast()) }
            return cells[column].split(separator: ", ").map(String.init)
        }
    }

    @Test func `each row of the log's recovery table has its counters, and no other row`() throws {
        let names = try names()
        #expect(names.count >= 22)
        let told = try told(
            "LogFormat.md", "| what is found | what the node does | as the simulation counts it |",
            column: 2)
        #expect(told.allSatisfy { !$0.isEmpty })
        #expect(told.flatMap { $0 }.sorted() == names.sorted())
    }

    @Test func `the simulation's table has each counter once, in order`() throws {
        let told = try told("Simulation.md", "| row | counter | met by |", column: 1)
        #expect(told.allSatisfy { $0.count == 1 })
        #expect(try told.flatMap { $0 } == names())
    }
}
