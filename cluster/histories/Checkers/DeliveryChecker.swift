/// Checks what the programs of triggers were given.
///
/// `commit(id)` → the index of the commit. Each node observes `deliver` with `[index, key, id]`, the id
/// null for what is not the workload's, in the order of the runs on it; `from` with the index after
/// which the trigger is in force; and `end` with the index up to which all is said to be delivered.
/// Checked: every commit between them was delivered by some node, and one is outside of them only where
/// its times allow that; what a node delivers for the first
/// time comes in order, repeats apart; a key stands for one index and an index for one key, so that a
/// receiver that drops repeated keys has each commit once; and nothing is delivered that has failed, or
/// before it was asked for.
package struct DeliveryChecker {
    package let workload: String

    package init(workload: String) {
        self.workload = workload
    }

    private struct Deliveries {
        /// Of what is behind `from` and not behind `end`.
        var window = ToldWindow()
        var keys: [Int64: Datum] = [:]
        var indexes: [Datum: Int64] = [:]
        var ids: [Datum: Int64] = [:]
        /// The place of the event that told of each id first.
        var places: [Datum: Int] = [:]
        /// The last index that each node delivered for the first time, and all that it delivered.
        var newest: [Int: Int64] = [:]
        var known: [Int: Set<Int64>] = [:]
        var runs = 0
    }

    package func check(_ history: History) -> CheckReport {
        var report = CheckReport("\(workload): delivered at least once, in order")
        var deliveries = Deliveries()
        for timed in history.observations(of: workload) {
            note(timed, &deliveries, &report)
        }
        let commits = history.operations(of: workload, "commit", &report)
        compare(commits, deliveries, &report)
        report.counts += [
            .init("commits", commits.count { $0.result != nil }),
            .init("runs", deliveries.runs),
            .init("repeated runs", deliveries.runs - deliveries.keys.count),
        ]
        return report
    }

    private func note(
        _ timed: TimedObservation, _ deliveries: inout Deliveries, _ report: inout CheckReport
    ) {
        let seen = timed.observation
        switch (seen.function, seen.value) {
        case ("from", .integer(let index)) where ToldWindow.isIndex(index):
            deliveries.window.begins(index + 1, at: timed.place)
        case ("end", .integer(let index)) where ToldWindow.isIndex(index):
            deliveries.window.ends(index, at: timed.place)
        case ("deliver", .list(let parts))
        where parts.count == 3 && parts[0].integer.map(ToldWindow.isIndex) ?? false:
            let (index, key, id) = (parts[0].integer ?? 0, parts[1], parts[2])
            deliveries.runs += 1
            if let other = deliveries.keys.updateValue(key, forKey: index), other != key {
                report.add(Finding("\(index) has two keys, \(other) and \(key)"))
            }
            if let other = deliveries.indexes.updateValue(index, forKey: key), other != index {
                report.add(Finding("the key \(key) stands for \(other) and for \(index)"))
            }
            if deliveries.places[id] == nil { deliveries.places[id] = timed.place }
            if id != .nothing, let other = deliveries.ids.updateValue(index, forKey: id),
                other != index
            {
                report.add(Finding("\(id) was delivered at \(other) and at \(index)"))
            }
            let node = seen.client
            guard deliveries.known[node, default: []].insert(index).inserted else { return }
            if let newest = deliveries.newest[node], newest > index {
                report.add(Finding("node \(node) delivered \(index) after \(newest)"))
            }
            deliveries.newest[node] = index
        default:
            report.add(Finding("no observation of a trigger: \(seen.function) \(seen.value)"))
        }
    }

    private func compare(
        _ commits: [Operation], _ deliveries: Deliveries, _ report: inout CheckReport
    ) {
        var strangers = Set(deliveries.ids.keys)
        for commit in commits {
            guard let id = commit.invocation.arguments.first else { continue }
            strangers.remove(id)
            let fault: String
            switch (commit.outcome, deliveries.ids[id]) {
            case (_, _?) where deliveries.places[id] ?? .max < commit.startEvent:
                fault = "delivered before it was asked for"
            case (.done(.integer(let index)), let seen):
                switch deliveries.window.place(of: commit, at: index) {
                case .impossible(let why): fault = "cannot be delivered, for it \(why)"
                case .inside where seen == nil: fault = "never delivered"
                case .inside, .outside:
                    guard let seen, seen != index else { continue }
                    fault = "delivered as \(seen)"
                }
            case (.failed, _?): fault = "delivered, though it failed"
            case (.done, _): fault = "cannot be placed, for its index is missing"
            case (.failed, nil), (.unknown, _): continue
            }
            report.add(Finding("\(fault): \(commit)", operations: [commit.number]))
        }
        for id in strangers.sorted(by: { $0.description < $1.description }) {
            report.add(Finding("delivered \(id), which nobody committed"))
        }
        let isUsed = commits.contains { $0.result != nil }
        if isUsed, deliveries.window.first == nil || deliveries.window.end == nil {
            report.add(
                Finding(.undecided, "not all was delivered at the end, so what is missing is open"))
        }
    }
}
