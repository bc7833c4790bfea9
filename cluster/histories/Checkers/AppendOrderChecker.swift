/// Checks lists that only grow: `append(element)` → null, and `read` → the elements in order.
///
/// Of any two reads of a list, one is a beginning of the other, and the one that ended before the
/// other began is not the longer one; each element is once in it. Weaker than linearizability, and
/// linear in the sizes of the results, so that it always decides.
package struct AppendOrderChecker {
    package let workload: String

    package init(workload: String) {
        self.workload = workload
    }

    package func check(_ history: History) -> CheckReport {
        var report = CheckReport("\(workload): one order")
        let operations = history.operations(of: workload).filter {
            $0.invocation.function == "read" && $0.result != nil
        }
        let keys = Dictionary(grouping: operations, by: \.invocation.key)
        for (_, reads) in keys.sorted(by: { $0.key < $1.key }) { check(reads, &report) }
        report.counts += [.init("lists", keys.count), .init("reads", operations.count)]
        return report
    }

    private func check(_ reads: [Operation], _ report: inout CheckReport) {
        guard
            let longest = reads.max(by: { $0.elements.count < $1.elements.count }),
            Set(longest.elements).count == longest.elements.count
        else {
            report.add(
                Finding(
                    "an element is twice in a list: \(reads.first?.invocation.key ?? "")",
                    operations: reads.map(\.number).suffix(1)))
            return
        }
        for read in reads where !longest.elements.starts(with: read.elements) {
            report.add(
                Finding(
                    "two orders: \(read) is no beginning of \(longest)",
                    operations: [read.number, longest.number]))
        }
        findShrinking(reads, &report)
    }

    private func findShrinking(_ reads: [Operation], _ report: inout CheckReport) {
        let ends = reads.sorted { ($0.endEvent ?? .max) < ($1.endEvent ?? .max) }
        var next = 0
        var longest: Operation?
        for read in reads.sorted(by: { $0.startEvent < $1.startEvent }) {
            while next < ends.count, ends[next].precedes(read) {
                if ends[next].elements.count >= longest?.elements.count ?? 0 {
                    longest = ends[next]
                }
                next += 1
            }
            guard let longest, longest.elements.count > read.elements.count else { continue }
            report.add(
                Finding(
                    "a list has become shorter: \(read), after \(longest.elements.count) in "
                        + "#\(longest.number)", operations: [longest.number, read.number]))
        }
    }
}

extension Operation {
    /// The elements of a list that was read.
    fileprivate var elements: [Datum] {
        result?.list ?? []
    }
}
