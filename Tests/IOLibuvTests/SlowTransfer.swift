import IOCore
import IOLibuv
import Identifiers

/// A writer that never rests and a reader that rests after each piece; on the loop.
final class SlowTransfer: Sendable {
    static let pieceBytes = 100_000
    private let state: LoopBound<State>
    private let loop: UVLoop
    private let total: Int

    private final class State {
        let pair: Pair
        let done: @Sendable ([Int]) -> Void
        var generator: SeededGenerator
        var mostUnsent = 0
        var timesHeldBack = 0
        var sent = 0
        var received = 0
        var changed = 0

        init(_ pair: Pair, seed: UInt64, _ done: @escaping @Sendable ([Int]) -> Void) {
            self.pair = pair
            generator = SeededGenerator(seed: seed)
            self.done = done
        }
    }

    init(
        _ pair: Pair, _ loop: UVLoop, total: Int, seed: UInt64,
        done: @escaping @Sendable ([Int]) -> Void
    ) {
        state = LoopBound(State(pair, seed: seed, done), to: loop)
        self.loop = loop
        self.total = total
    }

    /// Reports the most bytes that were unsent, how often the writer was held back, how many bytes
    /// arrived and how many of them were wrong.
    func start() {
        let writer = Handler()
        writer.onDrained = { self.write() }
        let reader = Handler()
        reader.onReceived = { self.read($0) }
        state.value.pair.client.setHandler(writer)
        state.value.pair.server.setHandler(reader)
        write()
    }

    private func write() {
        let state = state.value
        while state.sent < total {
            if state.pair.client.unsentBytes > 1 << 20 {
                state.timesHeldBack += 1
                return
            }
            // As many small pieces, which share buffers, as large ones, which do not.
            let most = Bool.random(using: &state.generator) ? 300 : Self.pieceBytes
            let count = min(Int.random(in: 1...most, using: &state.generator), total - state.sent)
            let start = state.sent
            state.pair.client.send(Self.bytes(from: start, count: count))
            state.sent += count
            state.mostUnsent = max(state.mostUnsent, state.pair.client.unsentBytes)
        }
    }

    private func read(_ bytes: [UInt8]) {
        let state = state.value
        if bytes != Self.bytes(from: state.received, count: bytes.count) { state.changed += 1 }
        state.received += bytes.count
        if state.received == total {
            state.done([state.mostUnsent, state.timesHeldBack, state.received, state.changed])
            return
        }
        state.pair.server.setReading(false)
        loop.post { self.state.value.pair.server.setReading(true) }
    }

    /// A part of one endless stream that repeats itself after a prime number of bytes.
    private static func bytes(from offset: Int, count: Int) -> [UInt8] {
        let start = offset % 65_521
        return Array(period[start..<start + min(count, 65_521 - start)])
            + (count > 65_521 - start
                ? bytes(from: 0, count: count - (65_521 - start)) : [])
    }

    private static let period = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
}
