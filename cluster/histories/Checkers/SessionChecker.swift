/// Checks that a transaction that is sent again under its number is done once and answered alike.
///
/// `submit(id)` → the list of all answers that the tries were given, each `[index, digest]`, with the
/// key naming session and sequence number. A watcher's `see` observations, as for `FeedChecker`, tell
/// how often it was done: at the most once, at the index of the answers; and not at all if it failed.
package struct SessionChecker {
    package let workload: String

    package init(workload: String) {
        self.workload = workload
    }

    package func check(_ history: History) -> CheckReport {
        var report = CheckReport("\(workload): one effect, one answer")
        var effects: [Datum: Set<Int64>] = [:]
        var end = Int64(-1)
        for timed in history.observations(of: workload) {
            switch (timed.observation.function, timed.observation.value) {
            case ("see", .list(let parts)) where parts.count == 2 && parts[0].integer != nil:
                if let index = parts[0].integer { effects[parts[1], default: []].insert(index) }
            case ("end", .integer(let index)): end = index
            default: break
            }
        }
        let submissions = history.operations(of: workload).filter {
            $0.invocation.function == "submit"
        }
        for submission in submissions { check(submission, effects, end, &report) }
        if end < 0, !submissions.isEmpty {
            report.add(Finding(.undecided, "the effects were not read to the end"))
        }
        report.counts += [
            .init("submissions", submissions.count { $0.result != nil }),
            .init("answers", submissions.reduce(0) { $0 + ($1.result?.list?.count ?? 0) }),
        ]
        return report
    }

    private func check(
        _ submission: Operation, _ effects: [Datum: Set<Int64>], _ end: Int64,
        _ report: inout CheckReport
    ) {
        let indexes = submission.invocation.arguments.first.flatMap { effects[$0] } ?? []
        var faults: [String] = []
        if indexes.count > 1 { faults.append("done at \(indexes.sorted())") }
        if submission.hasFailed, !indexes.isEmpty { faults.append("failed, but done") }
        if let answers = submission.result?.list {
            if Set(answers).count != 1 { faults.append("\(Set(answers).count) different answers") }
            let told = answers.first?.list?.first?.integer
            if let told, told <= end, indexes != [told] {
                faults.append("answered \(told), but done at \(indexes.sorted())")
            }
        }
        for fault in faults {
            report.add(Finding("\(fault): \(submission)", operations: [submission.number]))
        }
    }
}
