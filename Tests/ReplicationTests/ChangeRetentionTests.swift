import Codec
import Compression
import Identifiers
import KeyValue
import Replication
import Stores
import Testing
import Transactions

/// Up to where change sets are let go of, which is decided at checkpoints.
@Suite struct ChangeRetentionTests {
    /// The first change set that is retained after each of three checkpoints.
    private func retained(_ limits: Limits) throws -> [UInt64] {
        let engine = MemoryEngine()
        let applier = try Applier(
            engine: engine,
            executor: Executor(stores: StoreRegistry([LetterStore()]), limits: limits),
            limits: limits)
        let sealer = FrameSealer(limits: limits)
        let reader = FeedReader(limits: limits)
        let record = Record.transaction(
            Transaction(steps: [LetterStore.put("k", [7])]), origin: nil
        ).encoded()
        var end = LogIndex.zero
        var digest = ChainDigest.empty
        var found: [UInt64] = []
        for _ in 0..<3 {
            for _ in 0..<limits.checkpointRecords / 512 {
                var payload = FramePayload.Writer(timeMilliseconds: 1)
                for _ in 0..<512 { payload.append(record) }
                let frame = sealer.seal(
                    kind: .entries, term: Term(1), firstIndex: end.next, count: 512,
                    raw: payload.take(), previous: digest)
                end = frame.header.lastIndex
                digest = frame.header.digest
                _ = try applier.apply([frame])
            }
            let first = try reader.firstRetained(engine)
            found.append(first.rawValue)
            let page = try reader.page(from: first, in: engine)
            #expect(page.changeSets.first?.index == first)
            guard first > LogIndex(1) else { continue }
            let before = try reader.page(from: first.previous, in: engine)
            #expect(before.changeSets.isEmpty, "what is let go of is told as a gap")
            #expect(before.firstRetained == first)
        }
        return found
    }

    @Test func `what is older than its bound of records is let go of at a checkpoint`() throws {
        var limits = Limits.standard
        limits.retainedChangeRecords = 4_096
        #expect(try retained(limits) == [1, 4_097, 8_193])
        limits.retainedChangeRecords = 4_097
        #expect(try retained(limits) == [1, 1, 4_097])
    }

    @Test func `what is behind its bound of bytes is let go of at a checkpoint`() throws {
        var limits = Limits.standard
        limits.retainedChangeBytes = 1
        #expect(try retained(limits) == [1, 4_097, 8_193])
        limits.retainedChangeBytes = 1 << 30
        #expect(try retained(limits) == [1, 1, 1])
    }
}
