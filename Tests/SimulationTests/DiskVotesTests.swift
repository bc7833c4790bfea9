import Identifiers
import Simulation
import Testing
import WAL

struct DiskVotesTests {
    private let disk = DiskModels.Disk(1, Incarnation(1_000))
    private let group = GroupEnvelope(
        kind: .group, sequence: 1,
        voting: WriteAheadLog.VotingState(term: Term(3), vote: NodeID(2)), base: .zero,
        bodyBytes: 0, bodyChecksum: 0
    ).encoded(segmentID: 1)

    @Test
    func `a vote is given once it is synced`() {
        let votes = DiskVotes()
        votes.wrote(disk, group)
        #expect(!votes.hasGiven(disk, to: NodeID(2), in: Term(3)))
        votes.synced(disk)
        #expect(votes.hasGiven(disk, to: NodeID(2), in: Term(3)))
    }

    @Test
    func `a vote that a crash has lost is not given by the next process's sync`() {
        let votes = DiskVotes()
        votes.wrote(disk, group)
        votes.opens(disk)
        votes.synced(disk)
        #expect(!votes.hasGiven(disk, to: NodeID(2), in: Term(3)))
    }

    @Test(
        arguments: [
            (3, 2, true), (3, 1, false), (3, nil, false), (2, 2, false), (4, nil, true),
        ] as [(UInt64, UInt64?, Bool)])
    func `a start keeps the term and the vote that were synced`(
        term: UInt64, vote: UInt64?, isKept: Bool
    ) {
        let votes = DiskVotes()
        votes.wrote(disk, group)
        votes.synced(disk)
        let voting = WriteAheadLog.VotingState(term: Term(term), vote: vote.map { NodeID($0) })
        #expect((votes.forgotten(disk, voting) == nil) == isKept)
    }

    @Test
    func `a vote in a lost directory is not one of the next`() {
        let votes = DiskVotes()
        votes.wrote(disk, group)
        votes.synced(disk)
        let next = DiskModels.Disk(1, Incarnation(1_001))
        #expect(!votes.hasGiven(next, to: NodeID(2), in: Term(3)))
    }
}
