import Identifiers
import Simulation
import Testing
import WAL

struct DiskVotesTests {
    private let disk = DiskModels.Disk(1, Incarnation(1_000))
    private let voting = WriteAheadLog.VotingState(term: Term(3), vote: NodeID(2))
    private var group: [UInt8] { group(of: voting) }

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
    func `a vote counts too once a later term is synced that was written after it`() {
        let votes = DiskVotes()
        let later = group(of: WriteAheadLog.VotingState(term: Term(4), vote: NodeID(1)))
        votes.casts(disk, voting)
        #expect(!votes.hasGiven(disk, to: NodeID(2), in: Term(3)))
        votes.wrote(disk, later)
        #expect(!votes.hasGiven(disk, to: NodeID(2), in: Term(3)))
        votes.synced(disk)
        #expect(votes.hasGiven(disk, to: NodeID(2), in: Term(3)))
    }

    @Test(arguments: [2, 3] as [UInt64])
    func `a vote does not count by an earlier term, nor by its own with no vote`(term: UInt64) {
        let votes = DiskVotes()
        votes.casts(disk, voting)
        votes.wrote(disk, group(of: WriteAheadLog.VotingState(term: Term(term), vote: nil)))
        votes.synced(disk)
        #expect(!votes.hasGiven(disk, to: NodeID(2), in: Term(3)))
    }

    @Test
    func `a vote that was cast behind the later term's group, or by a process before, does not`() {
        let votes = DiskVotes()
        let later = group(of: WriteAheadLog.VotingState(term: Term(4), vote: nil))
        votes.wrote(disk, later)
        votes.casts(disk, voting)
        votes.synced(disk)
        #expect(!votes.hasGiven(disk, to: NodeID(2), in: Term(3)))
        votes.casts(disk, WriteAheadLog.VotingState(term: Term(5), vote: NodeID(2)))
        votes.opens(disk)
        votes.wrote(disk, group(of: WriteAheadLog.VotingState(term: Term(6), vote: nil)))
        votes.synced(disk)
        #expect(!votes.hasGiven(disk, to: NodeID(2), in: Term(5)))
    }

    private func group(of voting: WriteAheadLog.VotingState) -> [UInt8] {
        GroupEnvelope(
            kind: .group, sequence: 1, voting: voting, base: .zero, bodyBytes: 0, bodyChecksum: 0
        ).encoded(segmentID: 1)
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
