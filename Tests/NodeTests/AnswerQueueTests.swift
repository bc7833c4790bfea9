import Node
import Testing

@Suite struct AnswerQueueTests {
    @Test(arguments: [1, 100, 5_000, 100_000])
    func `what is made for a client stays below the bound and an answer, and all is made`(
        bound: Int
    ) {
        let sizes = (0..<500).map { $0 * 7_919 % 1_000 }
        let room = AnswerRoom(bound: bound)
        var queue = AnswerQueue<Int>()
        sizes.indices.forEach { queue.append($0) }
        var answered: Set<Int> = []
        var unsent = 0
        var attempts = 0
        var most = 0
        while answered.count < sizes.count {
            var results: [(work: Int, isMade: Bool)] = []
            while unsent <= bound, let work = queue.next() {
                attempts += 1
                results.append((work, room.isOpen))
                if room.isOpen { room.made(sizes[work]) }
            }
            for (work, isMade) in results {
                guard isMade else {
                    queue.refused(work)
                    continue
                }
                unsent += sizes[work]
                most = max(most, unsent)
                room.delivered(sizes[work], unsent: unsent)
                queue.answered()
                answered.insert(work)
            }
            // The client takes what there is when nothing more comes.
            if results.isEmpty || unsent > bound {
                unsent = 0
                room.noteUnsent(0)
            }
        }
        #expect(most <= bound + 1_000)
        #expect(attempts <= 4 * sizes.count, "\(attempts) attempts")
    }

    @Test func `after a refusal few are begun at a time, and all once none waits`() {
        var queue = AnswerQueue<Int>()
        for number in 0..<3 { queue.append(number) }
        #expect([queue.next(), queue.next(), queue.next(), queue.next()] == [0, 1, 2, nil])
        queue.answered()
        queue.refused(1)
        queue.refused(2)
        #expect([queue.next(), queue.next()] == [1, nil])
        queue.answered()
        #expect([queue.next(), queue.next()] == [2, nil])
        queue.answered()
        for number in 3..<6 { queue.append(number) }
        #expect([queue.next(), queue.next(), queue.next(), queue.next()] == [3, 4, 5, nil])
    }
}
