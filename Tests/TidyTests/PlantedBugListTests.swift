import Testing

/// The mistakes that are planted for the simulation, against the article that lists them.
@Suite struct PlantedBugListTests {
    private static let article = "Sources/Lockstep/Lockstep.docc/PlantedBugs.md"
    private static let list = "Sources/Identifiers/PlantedBug.swift"

    let checkout = Checkout()

    /// Name and case of each, in the order of the list.
    private func bugs() throws -> [(name: String, label: String)] {
        let lines = try checkout.text(of: Self.list).split(separator: "\n")
        return lines.compactMap { line in
            guard let match = line.wholeMatch(of: /\s+case (\w+) = "([a-z-]+)"/) else { return nil }
            return (name: String(match.2), label: String(match.1))
        }
    }

    /// The names in the first column of each table of the article.
    private func tables() throws -> [[String]] {
        var tables: [[String]] = []
        var isInTable = false
        for line in try checkout.text(of: Self.article).split(
            separator: "\n", omittingEmptySubsequences: false)
        {
            let name = line.prefixMatch(of: /\| `([a-z-]+)` \|/).map { String($0.1) }
            if let name {
                if !isInTable { tables.append([]) }
                tables[tables.count - 1].append(name)
            }
            isInTable = name != nil
        }
        return tables
    }

    @Test func `every planted bug is in each table of the article, in its order`() throws {
        let names = try bugs().map(\.name)
        #expect(names.count >= 25)
        let tables = try tables()
        #expect(!tables.isEmpty)
        for table in tables { #expect(table == names) }
    }

    @Test func `every planted bug is somewhere in the code, behind the switch`() throws {
        let files = try checkout.files(under: "Sources", endings: [".swift"])
            .filter { $0.path != Self.list }
        for bug in try bugs() {
            let users = files.filter { $0.text.contains("PlantedBug.\(bug.label).isActive") }
            #expect(!users.isEmpty, "\(bug.name) is planted nowhere")
            for file in users { #expect(file.text.contains("#if PLANTED_BUGS"), "\(file.path)") }
        }
    }
}
