/// Checks the indexes that commits were answered with, of all workloads together.
///
/// The log has one order, which agrees with that of answers: each index is of one commit, and none is
/// before another that was answered before it was asked for. An index is the result of `commit` and of
/// `update`, and the first part of each answer of `submit`. Linear but for sorting.
package struct CommitOrderChecker {
    package init() {}

    package func check(_ history: History) -> CheckReport {
        var report = CheckReport("commits: in the order of time")
        let commits = history.operations.compactMap { operation in
            index(of: operation).map { (operation: operation, index: $0) }
        }
        var owners: [Int64: Operation] = [:]
        for (operation, index) in commits {
            guard let other = owners.updateValue(operation, forKey: index) else { continue }
            report.add(
                Finding(
                    "both at \(index): \(other); \(operation)",
                    operations: [other.number, operation.number]))
        }
        let answered = commits.sorted {
            ($0.operation.endEvent ?? .max) < ($1.operation.endEvent ?? .max)
        }
        var next = 0
        var newest: (operation: Operation, index: Int64)?
        for (operation, index) in commits {
            while next < answered.count, answered[next].operation.precedes(operation) {
                if answered[next].index > newest?.index ?? .min { newest = answered[next] }
                next += 1
            }
            guard let newest, index < newest.index else { continue }
            report.add(
                Finding(
                    "at \(newest.index), and later one at \(index): \(newest.operation); "
                        + "\(operation)", operations: [newest.operation.number, operation.number]))
        }
        report.counts.append(.init("commits", commits.count))
        return report
    }

    private func index(of operation: Operation) -> Int64? {
        switch operation.invocation.function {
        case "commit", "update": operation.result?.integer
        case "submit": operation.result?.list?.first?.list?.first?.integer
        default: nil
        }
    }
}
