/// Checks what watchers saw of what was committed.
///
/// `commit(id)` → the index of the commit. Watchers observe `see` with `[index, id]`, the id null for
/// what is not the workload's, in the order in which they were told; `start` with the index of which
/// they asked to be told first, when they began or resumed; and `end` with the index up to which they
/// know that they were told everything. Checked for each watcher: indexes grow, over resumptions too;
/// what it resumes from is what comes next, so that nothing is left out or repeated; every commit
/// between its first start and its end is there, at its index, once; unknown ones at most once; failed
/// ones not at all, and none before it was asked for. A commit's index may be outside of the two only
/// where its times allow that, and nothing is seen behind the end.
package struct FeedChecker {
    package let workload: String

    package init(workload: String) {
        self.workload = workload
    }

    private struct Watcher {
        var client: Int
        var telling = Telling()
        /// Where each was seen first, with the place of the event that told it.
        var seen: [Datum: (index: Int64, place: Int)] = [:]
    }

    package func check(_ history: History) -> CheckReport {
        var report = CheckReport("\(workload): every commit in order, once")
        let commits = history.operations(of: workload, "commit", &report)
        var watchers: [Int: Watcher] = [:]
        for timed in history.observations(of: workload) {
            let client = timed.observation.client
            note(timed, &watchers[client, default: Watcher(client: client)], &report)
        }
        for (_, watcher) in watchers.sorted(by: { $0.key < $1.key }) {
            compare(commits, watcher, &report)
        }
        if watchers.isEmpty, commits.contains(where: { $0.result != nil }) {
            report.add(Finding(.undecided, "nobody watched"))
        }
        report.counts += [
            .init("commits", commits.count { $0.result != nil }),
            .init("watchers", watchers.count),
            .init("seen", watchers.values.reduce(0) { $0 + $1.seen.count }),
        ]
        return report
    }

    private func note(
        _ timed: TimedObservation, _ watcher: inout Watcher, _ report: inout CheckReport
    ) {
        guard let seen = watcher.telling.note(timed, &report), seen.id != .nothing else { return }
        guard let other = watcher.seen[seen.id] else {
            watcher.seen[seen.id] = (seen.index, timed.place)
            return
        }
        report.add(
            Finding(
                "watcher \(watcher.client): \(seen.id) came twice, at \(other.index) and at "
                    + "\(seen.index)"))
    }

    private func compare(
        _ commits: [Operation], _ watcher: Watcher, _ report: inout CheckReport
    ) {
        var strangers = Set(watcher.seen.keys)
        for commit in commits {
            guard let id = commit.invocation.arguments.first else { continue }
            strangers.remove(id)
            let seen = watcher.seen[id]
            let fault: String
            switch (commit.outcome, seen?.index) {
            case (_, _?) where seen.map { $0.place < commit.startEvent } ?? false:
                fault = "saw, before it was asked for,"
            case (.done(.integer(let index)), let seen):
                switch watcher.telling.window.place(of: commit, at: index) {
                case .impossible(let why): fault = "cannot have seen what \(why):"
                case .inside where seen == nil: fault = "did not see"
                case .inside, .outside:
                    guard let seen, seen != index else { continue }
                    fault = "saw at \(seen)"
                }
            case (.failed, _?): fault = "saw"
            case (.done, _): fault = "cannot place, for its index is missing,"
            case (.failed, nil), (.unknown, _): continue
            }
            report.add(
                Finding(
                    "watcher \(watcher.client) \(fault) \(commit)", operations: [commit.number]))
        }
        for id in strangers.sorted(by: { $0.description < $1.description }) {
            report.add(Finding("watcher \(watcher.client) saw \(id), which nobody committed"))
        }
        if !watcher.telling.window.isWhole {
            report.add(
                Finding(
                    .undecided,
                    "watcher \(watcher.client) did not tell where it began, or did not come to the "
                        + "end, so what it missed is not decided"))
        }
    }
}
