/// Checks transfers between accounts: `transfer(from, to, amount)`, and `read` → all balances.
///
/// A text as the result of either tells of an account that was not there, which is a violation.
/// Every read must hold as many accounts and as much money as at the start, and no account less than
/// nothing. `BankModel` says whether the reads fit the transfers as well.
package struct BankChecker {
    package let workload: String
    /// The balances at the start.
    package let balances: [Int64]

    package init(workload: String, balances: [Int64]) {
        self.workload = workload
        self.balances = balances
    }

    package func check(_ history: History) -> CheckReport {
        var report = CheckReport("\(workload): no money made or lost")
        let total = balances.reduce(0, &+)
        var reads = 0
        for operation in history.operations(of: workload) {
            guard let result = operation.result else { continue }
            if case .text(let text) = result {
                report.add(Finding("\(text): \(operation)", operations: [operation.number]))
                continue
            }
            guard operation.invocation.function == "read" else { continue }
            reads += 1
            let found = result.integers ?? []
            let fault: String
            if found.count != balances.count {
                fault = "\(found.count) accounts, not \(balances.count)"
            } else if let negative = found.first(where: { $0 < 0 }) {
                fault = "an account holds \(negative)"
            } else if found.reduce(0, &+) != total {
                fault = "\(found.reduce(0, &+)) in all, not \(total)"
            } else {
                continue
            }
            report.add(Finding("\(fault): \(operation)", operations: [operation.number]))
        }
        report.counts = [.init("snapshots", reads)]
        return report
    }
}
