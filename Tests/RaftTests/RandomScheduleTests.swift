import Identifiers
import Raft
import Testing

/// Clusters under random loss, delay, duplication, crashes, partitions and changes of membership.
@Suite struct RandomScheduleTests {
    /// One seed's schedule, then calm; returns what went wrong.
    private func failures(seed: UInt64, _ counts: inout [String: Int]) -> [String] {
        let cluster = Cluster(voters: 1...3, blank: [4, 5], seed: seed)
        cluster.chaos = Cluster.Chaos(
            lossOneIn: 12, duplicateOneIn: 15, delay: 1...12, diskDelay: 1...15)
        cluster.settings.appendBytes = 40
        cluster.settings.framesPerAppend = 3
        cluster.settings.inflightAppends = 4
        cluster.start()
        defer { count(cluster, &counts) }
        var reads: [Read] = []
        for _ in 0..<120 {
            disturb(cluster)
            read(cluster, &reads)
            cluster.run(UInt64.random(in: 1...25, using: &cluster.random))
            cluster.checker.compareLogs(cluster.nodes)
            if !cluster.checker.failures.isEmpty { return report(cluster) }
        }
        let hasConverged = calm(cluster)
        return stale(cluster, reads) + report(cluster) + (hasConverged ? [] : unconverged(cluster))
    }

    private func unconverged(_ cluster: Cluster) -> [String] {
        ["no convergence"]
            + cluster.nodes.map { node in
                guard let core = node.core else { return "\(node.identifier) is down" }
                return
                    "\(node.identifier) \(core.role) t\(core.term) log \(core.lastPosition) commit "
                    + "\(core.commitIndex) compacted \(core.compacted) \(core.membership)"
            } + cluster.transcript.suffix(40)
    }

    /// A read, with what was applied somewhere when it was asked for.
    private struct Read {
        let node: UInt64
        let nonce: UInt64
        let floor: LogIndex
    }

    private func read(_ cluster: Cluster, _ reads: inout [Read]) {
        let node = 1 + cluster.random.next() % 5
        guard cluster.core(node) != nil else { return }
        let floor = cluster.checker.agreed.last?.frame.lastIndex ?? .zero
        reads.append(Read(node: node, nonce: cluster.read(node), floor: floor))
    }

    private func stale(_ cluster: Cluster, _ reads: [Read]) -> [String] {
        reads.compactMap { read in
            guard case .ready(let index)? = cluster[read.node].readResults[read.nonce],
                index < read.floor
            else { return nil }
            return "read \(read.nonce) on node \(read.node): \(index), before \(read.floor)"
        }
    }

    /// Counts what the schedule has met, so that a test of nothing is seen.
    private func count(_ cluster: Cluster, _ counts: inout [String: Int]) {
        for line in cluster.transcript {
            for word in [
                "leader t", "installs", "compacts", "crashes", "rejected", "campaign now",
                "rot at", "fetches", "come to light",
            ]
            where line.contains(word) {
                counts[word, default: 0] += 1
            }
        }
        counts["memberships", default: 0] += cluster.checker.agreed.count {
            $0.frame.membership != nil
        }
        counts["reads", default: 0] += cluster.nodes.reduce(0) { sum, node in
            sum
                + node.readResults.values.count {
                    if case .ready = $0 { true } else { false }
                }
        }
    }

    private func report(_ cluster: Cluster) -> [String] {
        let wrong = cluster.checker.failures + cluster.nodes.flatMap(\.violations)
        return wrong.isEmpty ? [] : wrong + cluster.transcript.suffix(25)
    }

    private func disturb(_ cluster: Cluster) {
        let node = cluster.nodes[Int.random(in: 0..<5, using: &cluster.random)]
        let name = node.identifier
        switch Int.random(in: 0..<28, using: &cluster.random) {
        case 0: if node.isUp { cluster.crash(name, surviving: survivors(node, cluster)) }
        case 1, 2, 3: if !node.isUp { cluster.start(name) }
        case 4: cluster.partition([1, 2], [3, 4, 5])
        case 5: cluster.partition([1, 3, 4], [2, 5])
        case 6, 7, 8: cluster.heal()
        case 9, 10: cluster.compact(name)
        case 11: cluster.step(name, .transfer(to: nil))
        case 12: cluster.step(name, .diskHealth(.cannotWrite))
        case 13: cluster.step(name, .diskHealth(.good))
        case 14: changeMembership(cluster)
        case 15:
            cluster.step(name, .peerUnreachable(NodeID(1 + cluster.random.next() % 5)))
        case 24, 25:
            if let frame = cluster.expendable(on: node) {
                cluster.rot(name, at: frame.firstIndex)
            }
        case 26, 27: for node in cluster.nodes { cluster.mend(node.identifier) }
        default:
            for node in cluster.nodes where node.core?.isLeader == true {
                cluster.propose(
                    node.identifier, count: UInt32.random(in: 1...4, using: &cluster.random))
            }
        }
    }

    private func survivors(_ node: ClusterNode, _ cluster: Cluster) -> Int {
        Int.random(in: 0...node.disk.pending.count, using: &cluster.random)
    }

    private func changeMembership(_ cluster: Cluster) {
        guard let leader = cluster.leader else { return }
        let shuffled = (1...5).map { NodeID($0) }.shuffled(using: &cluster.random)
        let voters = Int.random(in: 2...4, using: &cluster.random)
        cluster.step(
            leader,
            .reconfigure(
                voters: Array(shuffled.prefix(voters)),
                learners: cluster.random.oneIn(2) ? Array(shuffled.suffix(1)) : []))
    }

    /// Heals everything; whether all members then apply one more record.
    private func calm(_ cluster: Cluster) -> Bool {
        cluster.chaos = Cluster.Chaos()
        cluster.heal()
        for node in cluster.nodes {
            if !node.isUp { cluster.start(node.identifier) }
            cluster.step(node.identifier, .diskHealth(.good))
        }
        for _ in 0..<30 {
            cluster.run(100)
            for node in cluster.nodes { cluster.mend(node.identifier) }
        }
        guard let leader = cluster.leader else { return false }
        cluster.propose(leader)
        cluster.run(500)
        cluster.checker.compareLogs(cluster.nodes)
        guard let core = cluster.nodes[cluster.place(leader)].core, core.isLeader else {
            return false
        }
        let reached = cluster.nodes.filter {
            core.membership.contains($0.identifier)
                && $0.disk.appliedPosition == core.lastPosition
        }
        return reached.count == core.membership.everyone.count
    }

    @Test(arguments: 0..<4)
    func `random schedules keep every promise and converge`(block: UInt64) {
        var counts: [String: Int] = [:]
        for seed in (block * 30)..<(block * 30 + 30) {
            let found = failures(seed: seed, &counts)
            #expect(found.isEmpty, "seed \(seed): \(found.joined(separator: "\n"))")
            if !found.isEmpty { return }
        }
        for (what, least) in [
            "leader t": 30, "installs": 5, "compacts": 30, "crashes": 60, "rejected": 60,
            "campaign now": 5, "rot at": 60, "fetches": 5, "come to light": 8,
            "memberships": 20, "reads": 100,
        ] {
            #expect(counts[what, default: 0] >= least, "\(what) in \(counts)")
        }
    }
}
