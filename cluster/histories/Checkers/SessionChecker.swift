/// Checks that a transaction that is sent again under its number is done once and answered alike.
///
/// `submit(id)` → the list of all answers that the tries were given, each `[index, digest]`, with the
/// key naming session and sequence number. A watcher's `see` observations, as for `FeedChecker`, tell
/// how often it was done: at the most once, at the index of the answers; and not at all if it failed.
/// An effect is of a transaction that was submitted. An answer's index is behind their `end` only where
/// its time allows that.
package struct SessionChecker {
    package let workload: String

    package init(workload: String) {
        self.workload = workload
    }

    /// What was seen of one submission.
    private struct Effect {
        /// The place of the event that told of it first.
        var place: Int
        var indexes: Set<Int64> = []
    }

    package func check(_ history: History) -> CheckReport {
        var report = CheckReport("\(workload): one effect, one answer")
        var effects: [Datum: Effect] = [:]
        var window = ToldWindow()
        var tellings: [Int: Telling] = [:]
        for timed in history.observations(of: workload) {
            let client = timed.observation.client
            if let seen = tellings[client, default: Telling()].note(timed, &report) {
                effects[seen.id, default: Effect(place: timed.place)].indexes.insert(seen.index)
            }
            window = tellings[client]?.window ?? window
        }
        let submissions = history.operations(of: workload, "submit", &report)
        if tellings.count > 1 {
            report.add(Finding("\(tellings.count) watchers, and not one"))
        }
        for submission in submissions { check(submission, effects, window, &report) }
        let submitted = Set(submissions.compactMap(\.invocation.arguments.first))
        let strangers = effects.keys.filter { $0 != .nothing && !submitted.contains($0) }
        for id in strangers.sorted(by: { $0.description < $1.description }) {
            report.add(Finding("\(id) was done, which nobody submitted"))
        }
        if !window.isWhole, !submissions.isEmpty {
            report.add(
                Finding(.undecided, "the effects were not read from the beginning to the end"))
        }
        report.counts += [
            .init("submissions", submissions.count { $0.result != nil }),
            .init("answers", submissions.reduce(0) { $0 + ($1.result?.list?.count ?? 0) }),
        ]
        return report
    }

    private func check(
        _ submission: Operation, _ effects: [Datum: Effect], _ window: ToldWindow,
        _ report: inout CheckReport
    ) {
        let effect = submission.invocation.arguments.first.flatMap { effects[$0] }
        let indexes = effect?.indexes ?? []
        var faults: [String] = []
        if let effect, effect.place < submission.startEvent {
            faults.append("done before it was asked for")
        }
        if indexes.count > 1 { faults.append("done at \(indexes.sorted())") }
        if submission.hasFailed, !indexes.isEmpty { faults.append("failed, but done") }
        if let result = submission.result {
            let answers = result.list ?? []
            if Set(answers).count > 1 { faults.append("\(Set(answers).count) different answers") }
            if let answer = answers.first?.list, answer.count == 2, let told = answer[0].integer {
                switch window.place(of: submission, at: told) {
                case .inside where indexes != [told],
                    .outside where !indexes.isEmpty && indexes != [told]:
                    faults.append("answered \(told), but done at \(indexes.sorted())")
                case .impossible(let why): faults.append(why)
                case .inside, .outside: break
                }
            } else {
                faults.append("no list of answers")
            }
        }
        for fault in faults {
            report.add(Finding("\(fault): \(submission)", operations: [submission.number]))
        }
    }
}
