/// What a checker has to say of a history.
package struct Finding: Sendable, Hashable {
    package enum Gravity: String, Sendable, CaseIterable {
        /// The cluster broke its promise.
        case violation
        /// It may have: the checker ran out of time or memory. Fails a run as a violation does.
        case undecided
    }

    package var gravity: Gravity
    package var text: String
    /// The operations that show it, by their numbers.
    package var operations: [Int]

    package init(_ gravity: Gravity, _ text: String, operations: [Int] = []) {
        self.gravity = gravity
        self.text = text
        self.operations = operations
    }

    /// A violation.
    package init(_ text: String, operations: [Int] = []) {
        self.init(.violation, text, operations: operations)
    }
}

/// What one checker found in one history.
package struct CheckReport: Sendable, Hashable {
    /// Something that was counted, for the table of the verdict.
    package struct Count: Sendable, Hashable {
        package var name: String
        package var value: Int

        package init(_ name: String, _ value: Int) {
            self.name = name
            self.value = value
        }
    }

    /// The workload and what was checked, such as `register: linearizable`.
    package var checker: String
    package var counts: [Count]
    package var findings: [Finding]

    package init(_ checker: String, counts: [Count] = [], findings: [Finding] = []) {
        self.checker = checker
        self.counts = counts
        self.findings = findings
    }

    /// Whether everything was decided, and was as promised.
    package var isClean: Bool {
        findings.isEmpty
    }

    /// Findings beyond the first 100 are counted, not kept.
    package static let mostFindings = 100

    /// Adds a finding; of very many, the number alone.
    package mutating func add(_ finding: Finding) {
        guard findings.count < Self.mostFindings else {
            if let place = counts.firstIndex(where: { $0.name == "further findings" }) {
                counts[place].value += 1
            } else {
                counts.append(Count("further findings", 1))
            }
            return
        }
        findings.append(finding)
    }
}
