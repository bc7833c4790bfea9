import Codec
import Compression
import Identifiers
import Replication
import Testing

@Suite struct FrameCacheTests {
    /// Frames of one record each, of about as many bytes as said.
    private func frames(_ count: Int, bytes: Int) -> [SealedFrame] {
        let sealer = FrameSealer(limits: .standard)
        var state: UInt64 = 88_172_645_463_325_252
        var previous = ChainDigest.empty
        return (1...count).map { number in
            let raw = (0..<bytes).map { _ in
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return UInt8(truncatingIfNeeded: state)
            }
            let frame = sealer.seal(
                kind: .entries, term: Term(1), firstIndex: LogIndex(UInt64(number)), count: 1,
                raw: raw, previous: previous)
            previous = frame.header.digest
            return frame
        }
    }

    @Test func `frames that have left are not kept in memory`() {
        let bound = 64 << 10
        var cache = FrameCache(byteLimit: bound)
        for frame in frames(400, bytes: 4 << 10) {
            cache.append(frame)
            #expect(cache.heldBytes <= bound * 3 / 2 + frame.bytes.count)
        }
        #expect(cache[firstIndex: LogIndex(400)] != nil)
        #expect(cache[firstIndex: LogIndex(390)] != nil)
        #expect(cache[firstIndex: LogIndex(380)] == nil)
    }

    @Test func `one frame is kept whatever its size, and found until it is truncated`() {
        let frames = frames(4, bytes: 3_000)
        var cache = FrameCache(byteLimit: 1_000)
        for frame in frames.prefix(2) { cache.append(frame) }
        #expect(cache[firstIndex: LogIndex(1)] == nil)
        #expect(cache[firstIndex: LogIndex(2)] == frames[1])
        #expect(cache.heldBytes == frames[1].bytes.count)
        cache.truncate(after: LogIndex(1))
        #expect(cache[firstIndex: LogIndex(2)] == nil)
        #expect(cache.heldBytes == 0)
        cache.append(frames[3])
        #expect(cache[firstIndex: LogIndex(4)] == frames[3])
    }
}
