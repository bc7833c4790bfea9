package import Identifiers

/// The encoded outcomes that a session's client may still ask for, by ascending sequence.
///
/// Appending and finding take no time that grows with what is kept; acknowledging, that of what is
/// acknowledged.
package struct OutcomeQueue: Hashable, Sendable {
    package struct Stored: Hashable, Sendable {
        let sequence: SequenceNumber
        let bytes: [UInt8]
    }

    private var stored: [Stored] = []
    /// How many at the front are acknowledged and not yet moved over.
    private var acknowledged = 0
    /// Bytes of what is kept.
    package private(set) var bytes = 0

    package init() {}

    /// Bytes of what is held in memory, the same as `bytes`.
    package var heldBytes: Int {
        stored.reduce(0) { $0 + $1.bytes.count }
    }

    /// What is kept, in order.
    var all: ArraySlice<Stored> {
        stored[acknowledged...]
    }

    var count: Int {
        stored.count - acknowledged
    }

    /// How many are of later sequences, and their bytes.
    func kept(after sequence: SequenceNumber) -> (count: Int, bytes: Int) {
        let next = place(after: sequence)
        var left = bytes
        for forgotten in acknowledged..<next {
            left -= stored[forgotten].bytes.count
        }
        return (stored.count - next, left)
    }

    /// The outcome of one sequence, if it is kept.
    subscript(sequence: SequenceNumber) -> [UInt8]? {
        let next = place(after: sequence)
        guard next > acknowledged, stored[next - 1].sequence == sequence else { return nil }
        return stored[next - 1].bytes
    }

    /// Adds the outcome of a sequence above all that are kept.
    package mutating func append(_ bytes: [UInt8], of sequence: SequenceNumber) {
        if count > 0 {
            let last = stored[stored.count - 1].sequence
            precondition(last < sequence, "\(sequence) after \(last)")
        }
        stored.append(Stored(sequence: sequence, bytes: bytes))
        self.bytes += bytes.count
    }

    /// Forgets the outcomes up to a sequence.
    package mutating func forget(through sequence: SequenceNumber) {
        let kept = kept(after: sequence)
        bytes = kept.bytes
        let forgotten = acknowledged
        acknowledged = stored.count - kept.count
        // No limit counts what is forgotten, so its bytes go at once.
        for place in forgotten..<acknowledged {
            stored[place] = Stored(sequence: stored[place].sequence, bytes: [])
        }
        guard acknowledged * 2 >= stored.count else { return }
        if acknowledged == stored.count {
            stored.removeAll(keepingCapacity: stored.count <= 2)
        } else {
            stored.removeFirst(acknowledged)
        }
        acknowledged = 0
    }

    /// Where the first later sequence is, or would be.
    private func place(after sequence: SequenceNumber) -> Int {
        var lower = acknowledged
        var upper = stored.count
        while lower < upper {
            let middle = (lower + upper) / 2
            if stored[middle].sequence <= sequence {
                lower = middle + 1
            } else {
                upper = middle
            }
        }
        return lower
    }
}
