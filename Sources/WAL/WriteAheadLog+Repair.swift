package import Codec
internal import Identifiers

extension WriteAheadLog {
    /// Puts a frame into the place of a damaged one, durably.
    ///
    /// The frame goes to the end of the log in a group of its own kind, and takes its place in the
    /// index, now and at every `open`; the damaged bytes stay where they are until compaction. A
    /// frame fits
    /// - at the end of a damaged range, when its digest is the one that is known there: it may
    ///   come from any peer;
    /// - at the beginning, when it continues the chain of what is below: it must come from the
    ///   current leader.
    ///
    /// - Returns: the damage that remains.
    /// - Throws: `repairRefused` or `diskFull` with nothing written; `file`, after which the log is
    ///   stopped; `stopped`.
    @discardableResult
    package func repair(with frame: SealedFrame) throws(WALFailure) -> [DamagedRange] {
        guard !isStopped else { throw .stopped }
        let header = frame.header
        guard let place = index.hole(containing: header.firstIndex) else {
            throw .repairRefused(index: header.firstIndex, why: "there is no damage")
        }
        let below = endPosition(at: index.holes[place].first.previous).digest
        if let why = index.refusal(of: header, inHole: place, below: { _ in below }) {
            throw .repairRefused(index: header.firstIndex, why: why)
        }
        let offsets = try append(
            .repair, voting: voting, base: lastIndex, frames: [frame], isPrivileged: false)
        let refusal = index.fill(
            with: header, segment: current.number, offset: offsets[0], below: { _ in below })
        precondition(refusal == nil, "a frame that fitted does not: \(refusal ?? "")")
        return damage
    }
}
