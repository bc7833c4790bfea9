import Codec
package import Identifiers
package import WAL

/// The terms and votes that the hosts' disks have held, by the groups that were written and synced.
///
/// A vote counts from when it is on a disk, even if that disk is lost later: it was given. So does a
/// term, for what the disk has acknowledged may be on its way still. A vote that a process has cast
/// while its disk was busy counts too from when a later term is on the disk, written after it: that
/// rules out another vote in the vote's term as well as the vote itself would.
package final class DiskVotes {
    package typealias Disk = DiskModels.Disk

    private struct Given: Hashable {
        let disk: Disk
        let term: Term
        let candidate: NodeID
    }

    /// What a group that is not synced yet holds, with the votes that it takes the place of.
    private struct Written {
        let voting: WriteAheadLog.VotingState
        let superseded: [Given]
    }

    private var written: [Disk: Written] = [:]
    /// Votes of the disk's process that no group with them has been seen synced of.
    private var cast: [Disk: [Given]] = [:]
    private var terms: [Disk: Term] = [:]
    /// What was synced last on each disk.
    private var latest: [Disk: WriteAheadLog.VotingState] = [:]
    private var given: Set<Given> = []

    package init() {}

    /// A process is about to open the log: what an earlier one wrote and did not sync may be gone.
    package func opens(_ disk: Disk) {
        written[disk] = nil
        cast[disk] = nil
    }

    /// The disk's process has cast `voting`'s vote, which may be on the disk or not.
    package func casts(_ disk: Disk, _ voting: WriteAheadLog.VotingState) {
        guard let candidate = voting.vote else { return }
        let vote = Given(disk: disk, term: voting.term, candidate: candidate)
        if !given.contains(vote) { cast[disk, default: []].append(vote) }
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
            let voting = WriteAheadLog.VotingState(
                term: term, vote: vote == 0 ? nil : NodeID(vote))
            written[disk] = Written(
                voting: voting, superseded: (cast[disk] ?? []).filter { $0.term < term })
        } catch {
            // Whoever reads the whole group says so.
            written[disk] = nil
        }
    }

    package func synced(_ disk: Disk) {
        guard let group = written.removeValue(forKey: disk) else { return }
        holds(disk, group.voting)
        given.formUnion(group.superseded)
        cast[disk]?.removeAll { given.contains($0) || $0.term < group.voting.term }
    }

    private func holds(_ disk: Disk, _ voting: WriteAheadLog.VotingState) {
        latest[disk] = voting
        terms[disk] = max(terms[disk] ?? .zero, voting.term)
        guard let candidate = voting.vote else { return }
        given.insert(Given(disk: disk, term: voting.term, candidate: candidate))
    }

    /// What is wrong with a process that starts with `voting`, by what the disk had synced; nil where
    /// nothing is.
    package func forgotten(_ disk: Disk, _ voting: WriteAheadLog.VotingState) -> String? {
        guard let latest = latest[disk] else { return nil }
        let isKept =
            voting.term > latest.term
            || (voting.term == latest.term && (latest.vote == nil || voting.vote == latest.vote))
        guard !isKept else { return nil }
        return "had \(Self.text(latest)) on disk and starts with \(Self.text(voting))"
    }

    private static func text(_ voting: WriteAheadLog.VotingState) -> String {
        "term \(voting.term) and "
            + (voting.vote.map { "a vote for \($0)" } ?? "no vote")
    }

    /// Whether the disk has held its vote for `candidate` in `term`, or what rules out another.
    package func hasGiven(_ disk: Disk, to candidate: NodeID, in term: Term) -> Bool {
        given.contains(Given(disk: disk, term: term, candidate: candidate))
    }

    /// Whether the disk knows of `term`.
    func knows(_ disk: Disk, _ term: Term) -> Bool {
        (terms[disk] ?? .zero) >= term
    }
}
