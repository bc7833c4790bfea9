import Codec
import Identifiers
import Replication
import WAL

/// One row of the recovery table on its way: nodes that are written to, broken and started again.
struct DirectedScene {
    /// What did not come about.
    struct Unmet: Error {
        let text: String
    }

    let nodes: WholeNodes
    /// The last record that was acknowledged before something was broken.
    var last = LogIndex.zero
    /// The host whose process must have come to the row.
    var host: SimulatedHost

    init(nodes: WholeNodes) {
        self.nodes = nodes
        host = nodes.hosts[0]
    }

    func need<Value>(_ value: Value?, _ text: String) throws(Unmet) -> Value {
        guard let value else { throw Unmet(text: text) }
        return value
    }

    func need(_ isSo: Bool, _ text: String) throws(Unmet) {
        if !isSo { throw Unmet(text: text) }
    }

    /// Starts, writes so many records on all nodes, and ends every process.
    mutating func write(_ count: Int = 20) throws(Unmet) {
        try need(nodes.start(), "nobody leads")
        last = try need(nodes.write(count), "a write was not acknowledged")
        try need(nodes.settle(), "the nodes have not come to one state")
        nodes.crashAll()
    }

    func group(back: UInt64) throws(Unmet) -> LogGroup {
        try need(
            nodes.group(host, holding: LogIndex(last.rawValue - back)), "no group holds the record")
    }

    /// What is wrong in the end; every acknowledged operation must be on every node.
    func objections(to row: DirectedRow) -> [String] {
        var found = nodes.objections(beyond: last).map { "\(row.rawValue): \($0)" }
        if let step = row.step, !nodes.steps(host).contains(step) {
            let met = RecoverySteps.names.filter { nodes.steps(host).contains($0.step) }
            found.append("\(row.rawValue): it was not met, but \(met.map(\.name))")
        }
        return found
    }

    // MARK: Rows

    mutating func rewriteHeader() throws(Unmet) {
        try write()
        let path = try group(back: 0).path
        nodes.flip(host, path, at: 20)
    }

    mutating func refuseSegment() throws(Unmet) {
        try write()
        let path = try group(back: 0).path
        nodes.flip(host, path, at: 20)
        nodes.flip(host, path, at: 512 + 20)
        try need(nodes.start(), "nobody leads without it")
        try need(host.process == nil, "it has started")
        try need(nodes.refusals.contains { $0.contains(path) }, "it does not name the segment")
        nodes.wipe(host)
    }

    /// The engine has all that was applied, and the log's last group is torn.
    mutating func beginBehindEngine() throws(Unmet) {
        for host in nodes.hosts { host.batchesKept = .max }
        try write()
        let group = try need(nodes.groups(host).last, "the log is empty")
        nodes.flip(host, group.path, at: group.offset + group.byteCount - 40)
    }

    mutating func refuseAlone() throws(Unmet) {
        try write()
        let group = try group(back: 8)
        nodes.flip(host, group.path, at: group.payload)
        nodes.cluster.start(host)
        try need(host.process == nil, "it has started")
        try need(
            nodes.refusals.contains { $0.contains(group.path) }, "it does not name the segment")
        // What can be read again is all there.
        nodes.flip(host, group.path, at: group.payload)
    }

    mutating func findWhileRunning() throws(Unmet) {
        try breakUnapplied(of: 20) { (scene) throws(Unmet) in
            let group = try scene.group(back: 8)
            scene.nodes.flip(scene.host, group.path, at: group.payload)
        }
    }

    /// A follower applies nothing of so many records while something of them is broken, and finds that.
    mutating func breakUnapplied(
        of count: Int, _ damage: (DirectedScene) throws(Unmet) -> Void
    ) throws(Unmet) {
        try need(nodes.start(), "nobody leads")
        try need(nodes.write(10) != nil && nodes.settle(), "a write was not acknowledged")
        host = try need(
            nodes.hosts.first { $0.replica?.isLeader == false }, "there is no follower")
        let worker = host.process?.workers[1]
        worker?.isStalled = true
        last = try need(nodes.write(count), "a write was not acknowledged")
        try damage(self)
        nodes.world.run(milliseconds: 90_000) { nodes.steps(host).contains(.foundRotRunning) }
        worker?.isStalled = false
    }

    /// The others have compacted what a host has lost, and one of them is down: neither may lead.
    mutating func lend() throws(Unmet) {
        nodes.cluster.flushings = [
            (64 << 20, 1 << 20, 600_000), (8 << 10, 64, 500), (8 << 10, 64, 500),
        ]
        try need(nodes.start(), "nobody leads")
        last = try need(nodes.write(10), "a write was not acknowledged")
        let leader = try need(nodes.cluster.leader, "nobody leads")
        host = try need(nodes.hosts.first { $0 !== leader }, "there is no follower")
        // It flushes nothing.
        host.process?.workers[3].isStalled = true
        last = try need(nodes.write(600), "a write was not acknowledged")
        nodes.world.run(milliseconds: 2_000)
        let others = nodes.hosts.filter { $0 !== host }
        let gone = others.compactMap { $0.replica?.inspection().compacted }.min() ?? .zero
        let flushed = host.replica?.inspection().flushed ?? .zero
        let lost = nodes.groups(host).first { group in
            group.records.map { $0.lowerBound > flushed && $0.upperBound <= gone } ?? false
        }
        let group = try need(lost, "compacted up to \(gone), flushed up to \(flushed)")
        nodes.crashAll()
        nodes.flip(host, group.path, at: group.payload)
        nodes.cluster.start(host)
        nodes.cluster.start(others[0])
        nodes.world.run(milliseconds: 30_000) { nodes.steps(host).contains(.borrowedSnapshot) }
    }
}
