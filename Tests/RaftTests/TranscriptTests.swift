import Identifiers
import Raft
import Testing

/// What goes over the network in the scenarios of the paper, message by message.
///
/// Lines that begin with a dash say what the test does to the nodes; `GoldenTranscript` says where
/// the transcripts are, and how they are written anew.
@Suite struct TranscriptTests {
    enum Scenario: String, CaseIterable {
        case figure7a = "figure-7-a"
        case figure7b = "figure-7-b"
        case figure7c = "figure-7-c"
        case figure7d = "figure-7-d"
        case figure7e = "figure-7-e"
        case figure7f = "figure-7-f"
        case figure8d = "figure-8-abcd"
        case figure8e = "figure-8-abce"
        case partition = "back-from-a-partition"
        case splitVote = "split-vote"
        case checkQuorum = "check-quorum"
        case transfer
        case learner
        case joint = "joint-change"
        case read = "read-index"
        case snapshot
        case conflict
        case pipeline

        /// The log of figure 7's follower.
        var follower: [UInt64]? {
            switch self {
            case .figure7a: [1, 1, 1, 4, 4, 5, 5, 6, 6]
            case .figure7b: [1, 1, 1, 4]
            case .figure7c: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]
            case .figure7d: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]
            case .figure7e: [1, 1, 1, 4, 4, 4, 4]
            case .figure7f: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]
            case .figure8d, .figure8e, .partition, .splitVote, .checkQuorum, .transfer,
                .learner, .joint, .read, .snapshot, .conflict, .pipeline:
                nil
            }
        }
    }

    @Test func `every transcript belongs to a scenario`() throws {
        #expect(try GoldenTranscript.names() == Set(Scenario.allCases.map(\.rawValue)))
    }

    @Test(arguments: Scenario.allCases)
    func `a scenario goes as a reader found it right`(scenario: Scenario) throws {
        let cluster =
            switch scenario {
            case .figure7a, .figure7b, .figure7c, .figure7d, .figure7e, .figure7f:
                figure7(scenario.follower ?? [])
            case .figure8d: figure8d()
            case .figure8e: figure8e()
            case .partition: partition()
            case .splitVote: splitVote()
            case .checkQuorum: checkQuorum()
            case .transfer: transfer()
            case .learner: learner()
            case .joint: joint()
            case .read: read()
            case .snapshot: snapshot()
            case .conflict: conflict()
            case .pipeline: pipeline()
            }
        cluster.checker.compareLogs(cluster.nodes)
        #expect(cluster.checker.failures.isEmpty)
        #expect(cluster.nodes.allSatisfy { $0.violations.isEmpty })
        try GoldenTranscript.compare(cluster.transcript, with: scenario.rawValue)
    }

    /// Says in the transcript what the test does.
    private func say(_ cluster: Cluster, _ text: String) {
        cluster.tell("- \(text)")
    }

    /// Writes the terms of each node's records, as the figures draw them.
    private func draw(_ cluster: Cluster) {
        for node in cluster.nodes {
            let terms = cluster.terms(node.identifier.rawValue).map { "\($0)" }
            cluster.tell("- \(node.identifier) has \(terms.joined(separator: " "))")
        }
    }

    /// Node 1 leads its first term, and all have its first record.
    private func elected(
        _ voters: ClosedRange<UInt64> = 1...3, blank: [UInt64] = [], heartbeat: UInt64 = 50
    ) -> Cluster {
        let cluster = Cluster(voters: voters, blank: blank, heartbeatMilliseconds: heartbeat)
        cluster.start()
        cluster.campaign(1)
        cluster.run(60)
        cluster.transcript = []
        return cluster
    }

    // MARK: Figures

    /// The leader of figure 7, one of its followers, and another to make a majority.
    private func figure7(_ follower: [UInt64]) -> Cluster {
        let leader: [UInt64] = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]
        let cluster = Cluster.holding([leader, follower, leader], term: 7)
        cluster.proposesFirstRecord = true
        draw(cluster)
        cluster.start()
        say(cluster, "1 campaigns")
        cluster.campaign(1)
        let isInLine = cluster.run(upTo: 100) { cluster in
            cluster.nodes.allSatisfy { $0.disk.applied.count == 11 }
        }
        #expect(isInLine)
        draw(cluster)
        return cluster
    }

    private func isFrames(_ message: Message) -> Bool {
        guard case .appendRequest(let request) = message.body else { return false }
        return !request.frames.isEmpty
    }

    /// Up to figure 8 (c): record 2 of term 2 is on a majority, and not committed.
    private func figure8c() -> Cluster {
        let cluster = Cluster.holding([[1], [1], [1], [1], [1]], term: 1)
        cluster.start()
        say(cluster, "(a) 1 leads, and brings record 2 to 2 alone")
        cluster.passes = { _, to, message in to == NodeID(2) || !isFrames(message) }
        cluster.campaign(1)
        cluster.run(6)
        cluster.propose(NodeID(1))
        cluster.run(6)
        draw(cluster)
        cluster.crash(NodeID(1))
        say(cluster, "(b) 5 leads, and writes a record 2 of its own that nobody gets")
        cluster.passes = { _, _, message in !isFrames(message) }
        cluster.campaign(5)
        cluster.run(6)
        cluster.propose(NodeID(5))
        cluster.run(6)
        draw(cluster)
        cluster.crash(NodeID(5))
        say(cluster, "(c) 1 is back, leads, and brings its record 2 to 3: a majority has it")
        cluster.passes = { _, to, message in
            to == NodeID(2) || to == NodeID(3) || !isFrames(message)
        }
        cluster.start(NodeID(1))
        cluster.campaign(1)
        cluster.run(6)
        say(cluster, "who knew term 3 has refused; 1 campaigns again")
        cluster.campaign(1)
        cluster.run(12)
        draw(cluster)
        #expect(cluster.leader == NodeID(1) && cluster.core(1)?.term == Term(4))
        #expect(cluster.terms(3) == [1, 2])
        #expect(cluster.core(1)?.commitIndex == .zero, "no record of term 4 is on a majority")
        return cluster
    }

    private func figure8d() -> Cluster {
        let cluster = figure8c()
        cluster.crash(NodeID(1))
        say(cluster, "(d) 5 is back, leads, and its record 2 takes the other's place")
        cluster.passes = { _, _, _ in true }
        cluster.proposesFirstRecord = true
        cluster.start(NodeID(5))
        cluster.campaign(5)
        cluster.run(6)
        say(cluster, "who knew term 4 has refused; 5 campaigns again")
        cluster.campaign(5)
        let isReplaced = cluster.run(upTo: 60) { cluster in
            (2...5).allSatisfy { cluster[$0].disk.applied.count == 3 }
        }
        #expect(isReplaced)
        draw(cluster)
        return cluster
    }

    private func figure8e() -> Cluster {
        let cluster = figure8c()
        say(cluster, "(e) 1 brings a record of its own term to a majority: both are committed")
        cluster.propose(NodeID(1))
        cluster.run(6)
        #expect(cluster.core(1)?.commitIndex == LogIndex(3))
        cluster.crash(NodeID(1))
        say(cluster, "5 is back, and can win no election")
        cluster.passes = { _, _, _ in true }
        cluster.start(NodeID(5))
        for _ in 0..<2 {
            say(cluster, "5 campaigns")
            cluster.campaign(5)
            cluster.run(6)
            #expect(cluster.core(5)?.isLeader == false)
        }
        draw(cluster)
        return cluster
    }

    // MARK: Elections and reads

    private func partition() -> Cluster {
        let cluster = elected()
        cluster.partition([1, 2])
        cluster.run(260)
        #expect(cluster.core(3)?.role == .preCandidate)
        cluster.heal()
        cluster.run(60)
        #expect(cluster.core(3)?.leader == NodeID(1))
        #expect(cluster.nodes.allSatisfy { $0.core?.term == Term(1) })
        return cluster
    }

    /// Section 5.2: two candidates of one term, neither of whom has a majority.
    private func splitVote() -> Cluster {
        let cluster = Cluster(voters: 1...4)
        cluster.start()
        say(cluster, "1 and 2 campaign; 3 is reached by 1 first, 4 by 2, and what is late is lost")
        cluster.passes = { from, to, message in
            guard case .voteRequest(let request) = message.body, !request.isPreVote else {
                return true
            }
            return (from, to) != (NodeID(1), NodeID(4)) && (from, to) != (NodeID(2), NodeID(3))
        }
        cluster.campaign(1)
        cluster.campaign(2)
        cluster.run(20)
        #expect(cluster.leader == nil)
        #expect(cluster.core(1)?.role == .candidate && cluster.core(2)?.role == .candidate)
        cluster.heal()
        say(cluster, "nothing is lost any more; whose time is over first campaigns again")
        let isElected = cluster.run(upTo: 500) { cluster in
            cluster.leader != nil && cluster.nodes.allSatisfy { $0.disk.applied.count == 1 }
        }
        #expect(isElected)
        return cluster
    }

    /// Section 6.2 of the dissertation: a leader that hears of no majority is none.
    private func checkQuorum() -> Cluster {
        let cluster = elected()
        cluster.partition([2, 3])
        say(cluster, "1 is alone")
        let isOver = cluster.run(upTo: 500) { cluster in
            cluster.core(1)?.isLeader == false && cluster.core(2)?.leader == cluster.core(3)?.leader
                && cluster.core(2)?.leader != nil && cluster.core(2)?.leader != NodeID(1)
        }
        #expect(isOver)
        cluster.heal()
        say(cluster, "1 is back")
        let follows = cluster.run(upTo: 200) { cluster in
            cluster.nodes.allSatisfy { $0.disk.applied.count == 2 }
        }
        #expect(follows && cluster.leader != NodeID(1))
        return cluster
    }

    private func transfer() -> Cluster {
        let cluster = elected()
        cluster.holdDisk(2)
        say(cluster, "1 is proposed a record, and is to hand leadership to 2, which lacks it")
        cluster.propose(NodeID(1))
        cluster.run(5)
        cluster.step(NodeID(1), .transfer(to: NodeID(2)))
        cluster.run(5)
        cluster.releaseDisk(2)
        cluster.run(15)
        #expect(cluster.leader == NodeID(2))
        return cluster
    }

    private func read() -> Cluster {
        let cluster = elected()
        say(cluster, "1, the leader, is asked for a read")
        let first = cluster.read(1)
        cluster.run(5)
        #expect(cluster[1].readResults[first] == .ready(LogIndex(1)))
        say(cluster, "3, a follower, is asked for a read")
        let second = cluster.read(3)
        cluster.run(5)
        #expect(cluster[3].readResults[second] == .ready(LogIndex(1)))
        cluster.partition([2, 3])
        say(cluster, "1 is asked for a read, and is alone")
        let third = cluster.read(1)
        let isRefused = cluster.run(upTo: 300) { $0[1].readResults[third] != nil }
        #expect(isRefused)
        #expect(cluster[1].readResults[third] == .failed(.leadershipLost))
        return cluster
    }

    // MARK: Membership and snapshots

    /// Section 6: a new node is brought up to date before it votes.
    private func learner() -> Cluster {
        let cluster = elected(blank: [4])
        say(cluster, "4 is to be a learner")
        cluster.step(
            NodeID(1),
            .reconfigure(voters: [1, 2, 3].map { NodeID($0) }, learners: [NodeID(4)]))
        let isThere = cluster.run(upTo: 100) { $0[4].disk.applied == $0[1].disk.applied }
        #expect(isThere)
        say(cluster, "4 is to vote")
        cluster.step(
            NodeID(1), .reconfigure(voters: [1, 2, 3, 4].map { NodeID($0) }, learners: []))
        let members = Membership(voters: [1, 2, 3, 4].map { NodeID($0) })
        let isPromoted = cluster.run(upTo: 100) { cluster in
            (1...4).allSatisfy {
                cluster.core($0)?.membership == members
                    && cluster[$0].disk.applied == cluster[1].disk.applied
            }
        }
        #expect(isPromoted)
        say(cluster, "1 and 2 are gone, and 3 with 4 alone is no majority")
        cluster.crash(NodeID(1))
        cluster.crash(NodeID(2))
        cluster.campaign(3)
        cluster.run(10)
        #expect(cluster.core(3)?.isLeader == false)
        return cluster
    }

    private func joint() -> Cluster {
        let cluster = elected(blank: [4])
        say(cluster, "the voters are to be 2, 3 and 4 in place of 1, 2 and 3")
        cluster.step(
            NodeID(1), .reconfigure(voters: [2, 3, 4].map { NodeID($0) }, learners: []))
        let members = Membership(voters: [2, 3, 4].map { NodeID($0) })
        let isSettled = cluster.run(upTo: 100) { cluster in
            (2...4).contains { cluster.core($0)?.isLeader == true }
                && (2...4).allSatisfy {
                    cluster[$0].disk.applied.last == cluster[2].disk.applied.last
                }
                && (2...4).allSatisfy { cluster.core($0)?.membership == members }
        }
        #expect(isSettled)
        cluster.run(10)
        return cluster
    }

    private func snapshot() -> Cluster {
        let cluster = elected()
        cluster.crash(NodeID(3))
        cluster.propose(NodeID(1), count: 5)
        cluster.run(5)
        cluster.compact(NodeID(1))
        cluster.passes = { _, _, message in
            guard case .snapshotRequest(let request) = message.body else { return true }
            return request.chunk != 1
        }
        say(cluster, "3 is back, and chunk 1 is lost on its way")
        cluster.start(NodeID(3))
        cluster.run(60)
        cluster.heal()
        let isThere = cluster.run(upTo: 200) { $0[3].disk.applied == $0[1].disk.applied }
        #expect(isThere)
        say(cluster, "1 is proposed a record, which 3 gets as any other")
        cluster.propose(NodeID(1))
        let hasAll = cluster.run(upTo: 100) { cluster in
            cluster.nodes.allSatisfy { $0.disk.applied.count == 3 }
        }
        #expect(hasAll)
        return cluster
    }

    // MARK: Conflicts and losses in the pipeline

    /// Node 1 comes back with records of its own while the next leader's are on their way.
    private func conflict() -> Cluster {
        let cluster = elected()
        cluster.partition([2, 3])
        say(cluster, "1 is proposed two records, and is alone")
        for _ in 0..<2 { cluster.propose(NodeID(1)) }
        cluster.run(1)
        draw(cluster)
        say(cluster, "2 campaigns")
        cluster.campaign(2)
        cluster.run(8)
        #expect(cluster.leader == NodeID(2))
        cluster.heal()
        say(cluster, "2 is proposed three records, one behind the other")
        for _ in 0..<3 {
            cluster.propose(NodeID(2))
            cluster.run(1)
        }
        let isInLine = cluster.run(upTo: 100) { cluster in
            cluster.nodes.allSatisfy { $0.disk.applied.count == 5 }
        }
        #expect(isInLine)
        draw(cluster)
        return cluster
    }

    /// The first of several messages with frames is lost, and those behind it find a gap.
    private func pipeline() -> Cluster {
        let cluster = elected()
        say(cluster, "1 is proposed four records; to 2 the first is lost")
        var lost = 0
        cluster.passes = { _, to, message in
            guard to == NodeID(2), isFrames(message), lost == 0 else { return true }
            lost += 1
            return false
        }
        for _ in 0..<4 { cluster.propose(NodeID(1)) }
        let hasAll = cluster.run(upTo: 100) { cluster in
            cluster.nodes.allSatisfy { $0.disk.applied.count == 5 }
        }
        #expect(hasAll && lost == 1)
        return cluster
    }
}
