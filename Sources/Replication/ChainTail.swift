import Codec
import Identifiers

/// The chain digests at the ends of the newest frames: what a leader's frames are held against before
/// they go into the log.
///
/// Bounded; what is further back is verified by the log when it is written.
struct ChainTail {
    private var ends: [(index: LogIndex, digest: ChainDigest)] = []
    private static let bound = 8_192

    /// Begins with what recovery found: frames in order behind a known position.
    init(behind start: LogIndex, _ digest: ChainDigest, frames: [FrameHeader]) {
        ends = [(start, digest)]
        for header in frames.suffix(Self.bound / 2) {
            append(header)
        }
    }

    /// Takes up the next frame; what it replaces is forgotten.
    mutating func append(_ header: FrameHeader) {
        while let last = ends.last, last.index >= header.firstIndex {
            ends.removeLast()
        }
        if ends.count >= Self.bound {
            ends.removeFirst(Self.bound / 2)
        }
        ends.append((header.lastIndex, header.digest))
    }

    /// Begins anew behind a snapshot.
    mutating func reset(to index: LogIndex, _ digest: ChainDigest) {
        ends = [(index, digest)]
    }

    /// The digest at `index`, if a frame that is remembered ends there.
    func digest(at index: LogIndex) -> ChainDigest? {
        var low = 0
        var high = ends.count
        while low < high {
            let middle = (low + high) / 2
            if ends[middle].index < index { low = middle + 1 } else { high = middle }
        }
        return low < ends.count && ends[low].index == index ? ends[low].digest : nil
    }

    /// What is wrong with frames that a leader sends behind `previous`; nil where nothing is.
    ///
    /// `agrees`: the log has `previous`. `isHeld` tells whether the log has a frame's term where it
    /// ends: there the digest must be the same.
    func complaint(
        about frames: [SealedFrame], behind previous: LogIndex, agrees: Bool,
        isHeld: (FrameHeader) -> Bool
    ) -> String? {
        var digest = agrees ? self.digest(at: previous) : nil
        for frame in frames {
            let header = frame.header
            if let digest, digest != header.previousDigest {
                return "the frame at index \(header.firstIndex) continues digest "
                    + "\(header.previousDigest), not \(digest)"
            }
            if isHeld(header), let own = self.digest(at: header.lastIndex), own != header.digest {
                return "the frame at index \(header.firstIndex) of term \(header.term) has the "
                    + "digest \(header.digest), \(own) is held"
            }
            digest = header.digest
        }
        return nil
    }
}
