import Codec
import Identifiers
import WAL

/// The terms and votes that the hosts' disks have held, by the groups that were written and synced.
///
/// A vote counts from when it is on a disk, even if that disk is lost later: it was given.
final class DiskVotes {
    private struct Given: Hashable {
        let host: UInt64
        let term: Term
        let candidate: NodeID
    }

    private var written: [UInt64: WriteAheadLog.VotingState] = [:]
    private var terms: [UInt64: Term] = [:]
    private var given: Set<Given> = []

    /// A process begins with what its disk holds.
    func begins(_ host: UInt64, _ voting: WriteAheadLog.VotingState) {
        written[host] = nil
        holds(host, voting)
    }

    /// A group was written; its envelope has the term and the vote, and counts once it is synced.
    func wrote(_ host: UInt64, _ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        do throws(DecodingFailure) {
            _ = try reader.skip(16)
            let term = Term(try reader.readUInt64())
            let vote = try reader.readUInt64()
            written[host] = WriteAheadLog.VotingState(
                term: term, vote: vote == 0 ? nil : NodeID(vote))
        } catch {
            // Whoever reads the whole group says so.
            written[host] = nil
        }
    }

    func synced(_ host: UInt64) {
        if let voting = written.removeValue(forKey: host) { holds(host, voting) }
    }

    private func holds(_ host: UInt64, _ voting: WriteAheadLog.VotingState) {
        terms[host] = voting.term
        guard let candidate = voting.vote else { return }
        given.insert(Given(host: host, term: voting.term, candidate: candidate))
    }

    func forget(_ host: UInt64) {
        written[host] = nil
        terms[host] = nil
    }

    /// Whether the host's disk has held its vote for `candidate` in `term`.
    func hasGiven(_ host: UInt64, to candidate: NodeID, in term: Term) -> Bool {
        given.contains(Given(host: host, term: term, candidate: candidate))
    }

    /// Whether the host's disk knows of `term`.
    func knows(_ host: UInt64, _ term: Term) -> Bool {
        (terms[host] ?? .zero) >= term
    }
}
