/// Checks that one node leads in a term, by who was seen to lead.
package struct LeaderChecker {
    package init() {}

    package func check(_ history: History) -> CheckReport {
        var report = CheckReport("leaders: one in a term")
        var leaders: [UInt64: Set<Int>] = [:]
        for event in history.events {
            guard case .leader(let node, let term) = event.content else { continue }
            leaders[term, default: []].insert(node)
        }
        for (term, nodes) in leaders.sorted(by: { $0.key < $1.key }) where nodes.count > 1 {
            report.add(Finding("in term \(term) nodes \(nodes.sorted()) have led"))
        }
        report.counts.append(.init("terms", leaders.count))
        return report
    }
}
