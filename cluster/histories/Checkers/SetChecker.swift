/// Checks grow-only sets: `add(element)` → null, and `read` → the elements in any order.
///
/// An element that was added before a read began, or that an earlier read saw, must be in it; an
/// element whose addition failed, began after the read had ended or never began, must not; and none
/// may be in it twice. Linear in the sizes of the results.
package struct SetChecker {
    package let workload: String

    package init(workload: String) {
        self.workload = workload
    }

    package func check(_ history: History) -> CheckReport {
        var report = CheckReport("\(workload): nothing lost, phantom or doubled")
        let operations = history.operations(of: workload)
        let keys = Dictionary(grouping: operations, by: \.invocation.key)
        for (_, operations) in keys.sorted(by: { $0.key < $1.key }) {
            check(operations, &report)
        }
        let reads = operations.count { $0.invocation.function == "read" && $0.result != nil }
        report.counts += [
            .init("sets", keys.count), .init("additions", operations.count { $0.isChange("add") }),
            .init("reads", reads),
        ]
        return report
    }

    private func check(_ operations: [Operation], _ report: inout CheckReport) {
        var additions: [Datum: Operation] = [:]
        var reads: [Operation] = []
        for operation in operations {
            switch (operation.invocation.function, operation.invocation.arguments.count) {
            case ("add", 1):
                let element = operation.invocation.arguments[0]
                if let other = additions.updateValue(operation, forKey: element) {
                    report.add(
                        Finding(
                            "the workload added \(element) twice: \(other), \(operation)",
                            operations: [other.number, operation.number]))
                }
            case ("read", 0) where operation.result == nil: break
            case ("read", 0) where operation.result?.list != nil: reads.append(operation)
            default:
                report.add(
                    Finding("no operation of a set: \(operation)", operations: [operation.number]))
            }
        }
        for read in reads { findStrangers(in: read, additions, &report) }
        findLost(additions.values.sorted { $0.number < $1.number }, reads, &report)
    }

    private func findStrangers(
        in read: Operation, _ additions: [Datum: Operation], _ report: inout CheckReport
    ) {
        var seen: Set<Datum> = []
        for element in read.result?.list ?? [] {
            if !seen.insert(element).inserted {
                report.add(Finding("\(element) is twice in \(read)", operations: [read.number]))
                continue
            }
            guard let addition = additions[element] else {
                report.add(
                    Finding("nobody added \(element), in \(read)", operations: [read.number]))
                continue
            }
            let numbers = [addition.number, read.number]
            if addition.hasFailed {
                report.add(Finding("failed, but in \(read): \(addition)", operations: numbers))
            } else if read.precedes(addition) {
                report.add(Finding("read before it was added: \(addition)", operations: numbers))
            }
        }
    }

    /// Goes through ends and starts in the order of time; what must be seen only grows.
    private func findLost(
        _ additions: [Operation], _ reads: [Operation], _ report: inout CheckReport
    ) {
        var ends: [(place: Int, elements: [Datum])] = []
        for addition in additions where addition.result != nil {
            guard let end = addition.endEvent else { continue }
            ends.append((end, addition.invocation.arguments))
        }
        for read in reads {
            guard let end = read.endEvent else { continue }
            ends.append((end, read.result?.list ?? []))
        }
        ends.sort { $0.place < $1.place }
        var owed: Set<Datum> = []
        var next = 0
        for read in reads.sorted(by: { $0.startEvent < $1.startEvent }) {
            while next < ends.count, ends[next].place < read.startEvent {
                owed.formUnion(ends[next].elements)
                next += 1
            }
            let missing = owed.subtracting(read.result?.list ?? [])
            guard !missing.isEmpty else { continue }
            let list = missing.map(\.description).sorted().prefix(5).joined(separator: ", ")
            report.add(
                Finding(
                    "lost, \(missing.count) that were there before: \(list), in \(read)",
                    operations: [read.number]))
        }
    }
}

extension Operation {
    /// Whether it is of this function, and took effect or may have.
    func isChange(_ function: String) -> Bool {
        invocation.function == function && !hasFailed
    }
}
