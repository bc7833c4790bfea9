/// Packets on their way, by the time at which they come out; those of one time in the order in which
/// they went in.
package struct DelayLine<Packet> {
    private struct Waiting {
        let due: UInt64
        let sequence: UInt64
        let packet: Packet

        func isBefore(_ other: Waiting) -> Bool {
            (due, sequence) < (other.due, other.sequence)
        }
    }

    /// A binary heap: no one is before its parent at `(place - 1) / 2`.
    private var heap: [Waiting] = []
    private var lastSequence: UInt64 = 0

    package init() {}

    package var count: Int {
        heap.count
    }

    /// When the next one comes out; nil if there is none.
    package var nextDue: UInt64? {
        heap.first?.due
    }

    package mutating func insert(_ packet: Packet, due: UInt64) {
        lastSequence += 1
        heap.append(Waiting(due: due, sequence: lastSequence, packet: packet))
        var place = heap.count - 1
        while place > 0, heap[place].isBefore(heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// Takes out the next one that is due by `now`.
    package mutating func take(by now: UInt64) -> Packet? {
        guard let first = heap.first, first.due <= now else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first.packet }
        heap[0] = last
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            guard least != place else { return first.packet }
            heap.swapAt(place, least)
            place = least
        }
    }
}
