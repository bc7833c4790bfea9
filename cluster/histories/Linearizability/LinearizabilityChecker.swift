/// Checks that the operations of a workload are linearizable, each key for itself.
///
/// Every operation must seem to take effect at one moment between invocation and completion; one with
/// an unknown outcome, at any moment after its invocation or never; one that has failed, never. Keys
/// can be looked at one by one, for linearizability is local (*Herlihy and Wing*, 1990).
package struct LinearizabilityChecker {
    /// The types that there is a model for.
    package enum DataType: String, Sendable, CaseIterable {
        case register
        case counter
        case list
        case bank
    }

    package let type: DataType
    package let workload: String

    package init(_ type: DataType, workload: String) {
        self.type = type
        self.workload = workload
    }

    /// Checks what `history` has of the workload; what the budget does not reach is undecided.
    package func check(_ history: History, budget: SearchBudget = SearchBudget()) -> CheckReport {
        var budget = budget
        return check(history.operations(of: workload), &budget)
    }

    /// Checks operations that ascend in number.
    package func check(_ operations: [Operation], _ budget: inout SearchBudget) -> CheckReport {
        switch type {
        case .register: check(operations, RegisterModel.self, &budget)
        case .counter: check(operations, CounterModel.self, &budget)
        case .list: check(operations, AppendListModel.self, &budget)
        case .bank: check(operations, BankModel.self, &budget)
        }
    }

    private func check<Model: SequentialModel>(
        _ operations: [Operation], _: Model.Type, _ budget: inout SearchBudget
    ) -> CheckReport {
        var report = CheckReport("\(workload): linearizable \(Model.name)")
        let keys = Dictionary(grouping: operations, by: \.invocation.key)
        for (key, operations) in keys.sorted(by: { $0.key < $1.key }) {
            if let finding = decide(key, operations, Model.self, &budget) { report.add(finding) }
        }
        report.counts += [
            .init("keys", keys.count), .init("operations", operations.count),
            .init("unknown", operations.count(where: \.isUnknown)),
            .init("steps of the search", budget.steps),
        ]
        return report
    }

    private func decide<Model: SequentialModel>(
        _ key: String, _ operations: [Operation], _: Model.Type, _ budget: inout SearchBudget
    ) -> Finding? {
        do throws(ModelFailure) {
            var search = try LinearizabilitySearch<Model>(operations)
            switch search.run(&budget) {
            case .linearizable: return nil
            case .undecided:
                let text =
                    "not decided: \(key) with \(operations.count) operations was not searched to the "
                    + "end; give more time or memory, or look at a shorter run"
                return Finding(.undecided, text, operations: operations.prefix(1).map(\.number))
            case .violated(let placed, let state, let blocked):
                let culprit = operations.first { $0.number == blocked }
                let text =
                    "no order of the operations at \(key) explains their results: after at most "
                    + "\(placed) of \(operations.count), with \(search.describe(state)), there is "
                    + "no place for \(culprit?.description ?? "#\(blocked)")"
                return Finding(.violation, text, operations: [blocked])
            }
        } catch {
            return Finding(.violation, error.message, operations: [error.operation])
        }
    }
}
