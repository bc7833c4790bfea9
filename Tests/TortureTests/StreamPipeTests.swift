import Testing
import Torture

@Suite struct StreamPipeTests {
    private static let link = Link(from: 1, to: 2)

    private func table(_ change: (inout LinkCondition) -> Void) -> LinkTable {
        var condition = LinkCondition()
        change(&condition)
        var table = LinkTable(seed: 5)
        table.apply([Self.link: condition], fault: 0)
        return table
    }

    @Test func `bytes and the end come out in order`() {
        var table = LinkTable(seed: 1)
        var pipe = StreamPipe(Self.link)
        pipe.append([1, 2, 3], now: 10, &table)
        pipe.append([], now: 10, &table)
        #expect(!pipe.mayRead)
        #expect(pipe.ready(at: 10, &table) == [1, 2, 3])
        pipe.wrote(2)
        #expect(pipe.ready(at: 10, &table) == [3])
        pipe.wrote(1)
        #expect(pipe.ready(at: 10, &table) == [])
        pipe.wrote(0)
        #expect(pipe.ready(at: 10, &table) == nil)
        #expect(pipe.nextDue == nil)
    }

    @Test func `what is cut waits, and comes once it is not`() {
        var table = table { $0.isCut = true }
        var pipe = StreamPipe(Self.link)
        pipe.append([7], now: 0, &table)
        for now in stride(from: 0, through: 1_000, by: 50) as StrideThrough<UInt64> {
            #expect(pipe.ready(at: now, &table) == nil)
        }
        // Each time that it was sent again is one more that was dropped.
        #expect(table.counts.dropped == 6)
        table.heal(fault: 0)
        #expect(pipe.ready(at: 1_100, &table) == nil)
        #expect(pipe.ready(at: 1_200, &table) == [7])
    }

    @Test func `jitter delays and overtakes nothing`() {
        var table = table {
            $0.jitterMilliseconds = 50
            $0.mayReorder = true
        }
        var pipe = StreamPipe(Self.link)
        for number in 0..<100 as Range<UInt8> { pipe.append([number], now: 0, &table) }
        var seen: [UInt8] = []
        for now in 0...50 as ClosedRange<UInt64> {
            while let part = pipe.ready(at: now, &table) {
                seen += part
                pipe.wrote(part.count)
            }
        }
        #expect(seen == Array(0..<100))
        #expect(table.counts.delayed > 0)
    }

    @Test func `nothing is lost in a bad line`() {
        var table = table { $0.lossPermille = 300 }
        var pipe = StreamPipe(Self.link)
        for number in 0..<100 as Range<UInt8> { pipe.append([number], now: 0, &table) }
        pipe.append([], now: 0, &table)
        var seen: [UInt8] = []
        var now: UInt64 = 0
        var isOver = false
        while let next = pipe.nextDue, now < 60_000 {
            now = max(now, next)
            guard let part = pipe.ready(at: now, &table) else { continue }
            isOver = part.isEmpty
            seen += part
            pipe.wrote(part.count)
        }
        #expect(isOver)
        #expect(seen == Array(0..<100))
        #expect(table.counts.dropped > 10)
    }

    @Test func `a pipe that is full reads no more`() {
        var table = table { $0.isCut = true }
        var pipe = StreamPipe(Self.link)
        while pipe.mayRead { pipe.append([UInt8](repeating: 0, count: 60_000), now: 0, &table) }
        #expect(!pipe.isEnded)
        table.heal(fault: 0)
        let part = pipe.ready(at: 200, &table)
        #expect(part?.count == 60_000)
        pipe.wrote(60_000)
        #expect(pipe.mayRead)
    }
}
