import Identifiers
import Raft
import Testing

/// Quorum arithmetic against its definition, over every subset of voters.
@Suite struct QuorumTests {
    /// Every way to let up to `count` voters have reached one of `levels` indices.
    private func assignments(_ count: Int, levels: UInt64) -> [[UInt64]] {
        guard count > 0 else { return [[]] }
        return assignments(count - 1, levels: levels).flatMap { rest in
            (0..<levels).map { rest + [$0] }
        }
    }

    /// The highest index that more than half have, found by trying each.
    private func naive(_ voters: [NodeID], _ match: [NodeID: UInt64]) -> UInt64 {
        let candidates = voters.map { match[$0] ?? 0 }.sorted(by: >)
        return candidates.first { candidate in
            voters.count { (match[$0] ?? 0) >= candidate } * 2 > voters.count
        } ?? 0
    }

    @Test(arguments: 1...7)
    func `the committed index is the highest that a majority has`(count: Int) {
        let voters = (1...count).map { NodeID(UInt64($0)) }
        let membership = Membership(voters: voters)
        for levels in assignments(count, levels: count > 5 ? 3 : 4) {
            let match = Dictionary(uniqueKeysWithValues: zip(voters, levels))
            let expected = LogIndex(naive(voters, match))
            let found = Quorum.committed(membership) { LogIndex(match[$0] ?? 0) }
            #expect(found == expected, "\(levels)")
            let isReached = Quorum.isReached(membership) { (match[$0] ?? 0) > 0 }
            #expect(isReached == (expected > .zero), "\(levels)")
        }
    }

    @Test func `a joint membership needs a majority of both`() {
        let everyone = (1...5).map { NodeID(UInt64($0)) }
        for newSize in 1...4 {
            for oldSize in 1...4 {
                let membership = Membership(
                    voters: Array(everyone.suffix(newSize)),
                    outgoing: Array(everyone.prefix(oldSize)))
                for levels in assignments(5, levels: 3) {
                    let match = Dictionary(uniqueKeysWithValues: zip(everyone, levels))
                    let expected = min(
                        naive(membership.voters, match), naive(membership.outgoing, match))
                    let found = Quorum.committed(membership) { LogIndex(match[$0] ?? 0) }
                    #expect(found == LogIndex(expected), "\(levels) in \(membership)")
                    let isReached = Quorum.isReached(membership) { (match[$0] ?? 0) > 0 }
                    #expect(isReached == (expected > 0), "\(levels) in \(membership)")
                }
            }
        }
    }

    @Test func `nobody is no majority`() {
        let membership = Membership(voters: [])
        #expect(Quorum.committed(membership) { _ in LogIndex(9) } == nil)
        #expect(!Quorum.isReached(membership) { _ in true })
    }
}
