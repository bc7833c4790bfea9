import Identifiers
import Replication
import Testing

@Suite struct OutcomeQueueTests {
    @Test func `what is acknowledged takes no memory that nobody counts`() {
        var queue = OutcomeQueue()
        for number in 1...100 as ClosedRange<UInt64> {
            let size = number <= 40 ? 10_000 : 1
            queue.append([UInt8](repeating: 7, count: size), of: SequenceNumber(number))
        }
        queue.forget(through: SequenceNumber(30))
        #expect(queue.bytes == 10 * 10_000 + 60)
        #expect(queue.heldBytes == queue.bytes)
        queue.forget(through: SequenceNumber(40))
        #expect(queue.bytes == 60)
        #expect(queue.heldBytes == 60)
    }
}
