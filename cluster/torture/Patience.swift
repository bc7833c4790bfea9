/// How long a cluster may take for something, apart from the time in which the machine did not let it.
///
/// Time in which a node's thread was ready to run and had no processor is not counted, nor time in which
/// the machine held up the harness or its disk, so that a busy machine does not make a verdict; but no
/// wait is longer than four times its limit.
struct Patience {
    private static let mostTimesTheLimit = 4

    let limit: Duration
    private let cluster: TestCluster
    private let start = ContinuousClock.now
    /// What the nodes' processes had waited at the start.
    private let waited: [Int32: Duration]
    /// What the machine had withheld at the start.
    private let withheld: Duration

    /// Begins now.
    init(_ limit: Duration, _ cluster: TestCluster) {
        self.limit = limit
        self.cluster = cluster
        waited = cluster.processorWaits
        withheld = cluster.withheld
    }

    /// Whether the time is over.
    var isOver: Bool {
        let elapsed = ContinuousClock.now - start
        guard elapsed >= limit else { return false }
        let waits = cluster.processorWaits.map { $0.value - (waited[$0.key] ?? .zero) }
        let lost = max(waits.max() ?? .zero, cluster.withheld - withheld)
        return elapsed - lost >= limit
            || elapsed >= limit * Self.mostTimesTheLimit
    }
}
