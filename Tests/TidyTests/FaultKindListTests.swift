import Testing

/// The kinds of faults of the simulation, against the article that lists them.
@Suite struct FaultKindListTests {
    private static let article = "Sources/Lockstep/Lockstep.docc/Simulation.md"
    private static let head = "| what | kinds, as the counters name them |"

    let checkout = Checkout()

    /// The kinds that the sources name: those of a list, and the raw values of enumerations.
    private func kinds() throws -> Set<String> {
        let faults = try checkout.text(of: "Sources/Simulation/Run/Fault.swift")
        let slips = try checkout.text(of: "Sources/Simulation/Disk/DiskFaults.swift")
        var found: Set<String> = []
        for line in (faults + slips).split(separator: "\n") {
            if let match = line.wholeMatch(of: /\s+case \w+ = "([a-z' -]+)"/) {
                found.insert(String(match.1))
            }
        }
        let list = try #require(faults.components(between: "static let kinds =", and: "]"))
        for match in list.matches(of: /"([a-z' -]+)"/) {
            found.insert(String(match.1))
        }
        return found
    }

    /// The kinds in the second column of the article's table.
    private func told() throws -> [String] {
        let text = try checkout.text(of: Self.article)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0 == Self.head })
        return lines[(start + 2)...].prefix { $0.hasPrefix("|") }.flatMap { row in
            (row.split(separator: "|").dropFirst().first ?? "")
                .replacing(/\([^)]*\)/, with: "").split(separator: ",")
                .map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
        }
    }

    @Test func `the article's table has each kind of fault once, and no other`() throws {
        let kinds = try kinds()
        #expect(kinds.count > 40)
        let told = try told()
        #expect(told.count == Set(told).count)
        #expect(Set(told).symmetricDifference(kinds).isEmpty)
    }
}

extension String {
    /// What stands between the first `start` and the first `end` behind it.
    fileprivate func components(between start: String, and end: String) -> Substring? {
        guard let begin = firstRange(of: start)?.upperBound,
            let stop = self[begin...].firstRange(of: end)?.lowerBound
        else { return nil }
        return self[begin..<stop]
    }
}
