import Codec
package import Identifiers
import WAL

/// The terms and votes that the hosts' disks have held, by the groups that were written and synced.
///
/// A vote counts from when it is on a disk, even if that disk is lost later: it was given. So does a
/// term, for what the disk has acknowledged may be on its way still.
package final class DiskVotes {
    package typealias Disk = DiskModels.Disk

    private struct Given: Hashable {
        let disk: Disk
        let term: Term
        let candidate: NodeID
    }

    private var written: [Disk: WriteAheadLog.VotingState] = [:]
    private var terms: [Disk: Term] = [:]
    private var given: Set<Given> = []

    package init() {}

    /// A process is about to open the log: what an earlier one wrote and did not sync may be gone.
    package func opens(_ disk: Disk) {
        written[disk] = nil
    }

    /// A process begins with what its disk holds.
    func begins(_ disk: Disk, _ voting: WriteAheadLog.VotingState) {
        written[disk] = nil
        holds(disk, voting)
    }

    /// A group was written; its envelope has the term and the vote, and counts once it is synced.
    package func wrote(_ disk: Disk, _ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        do throws(DecodingFailure) {
            _ = try reader.skip(16)
            let term = Term(try reader.readUInt64())
            let vote = try reader.readUInt64()
            written[disk] = WriteAheadLog.VotingState(
                term: term, vote: vote == 0 ? nil : NodeID(vote))
        } catch {
            // Whoever reads the whole group says so.
            written[disk] = nil
        }
    }

    package func synced(_ disk: Disk) {
        if let voting = written.removeValue(forKey: disk) { holds(disk, voting) }
    }

    private func holds(_ disk: Disk, _ voting: WriteAheadLog.VotingState) {
        terms[disk] = voting.term
        guard let candidate = voting.vote else { return }
        given.insert(Given(disk: disk, term: voting.term, candidate: candidate))
    }

    /// Whether the disk has held its vote for `candidate` in `term`.
    package func hasGiven(_ disk: Disk, to candidate: NodeID, in term: Term) -> Bool {
        given.contains(Given(disk: disk, term: term, candidate: candidate))
    }

    /// Whether the disk knows of `term`.
    func knows(_ disk: Disk, _ term: Term) -> Bool {
        (terms[disk] ?? .zero) >= term
    }
}
