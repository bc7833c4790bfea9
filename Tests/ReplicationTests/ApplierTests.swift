import Codec
import Compression
import Identifiers
import KeyValue
import Replication
import Simulation
import Stores
import Testing
import Transactions

@Suite struct ApplierTests {
    /// One node's applier, and the log it is fed.
    private final class Log {
        let limits: Limits
        private let sealer: FrameSealer
        private var end = LogIndex.zero
        private var digest = ChainDigest.empty

        init(_ limits: Limits) {
            self.limits = limits
            sealer = FrameSealer(limits: limits)
        }

        func frame(_ records: [Record]) -> SealedFrame {
            var payload = FramePayload.Writer(timeMilliseconds: end.rawValue + 1)
            for record in records { payload.append(record.encoded()) }
            let frame = sealer.seal(
                kind: .entries, term: Term(1), firstIndex: end.next, count: UInt32(records.count),
                raw: payload.take(), previous: digest)
            end = frame.header.lastIndex
            digest = frame.header.digest
            return frame
        }
    }

    private static func applier(_ engine: any Engine, _ limits: Limits) throws -> Applier {
        try Applier(
            engine: engine,
            executor: Executor(stores: StoreRegistry([LetterStore()]), limits: limits),
            limits: limits)
    }

    private static func rows(of engine: MemoryEngine) throws -> [[UInt8]: Row] {
        var rows: [[UInt8]: Row] = [:]
        try engine.scan(SystemRows.replicated, reverse: false) { key, row in
            rows[key] = row
            return true
        }
        return rows
    }

    /// Frames of random transactions of three sessions, most of which acknowledge late.
    private static func frames(_ log: Log, seed: UInt64) -> [SealedFrame] {
        var random = SeededGenerator(seed: seed)
        var sequences: [UInt64] = [0, 0, 0]
        var acknowledged: [UInt64] = [0, 0, 0]
        let opening = (0..<3).map { _ in
            Record.openSession(timeToLiveMilliseconds: 1 << 40, description: "a session")
        }
        var frames = [log.frame(opening)]
        for _ in 0..<120 {
            let records = (0..<Int.random(in: 1...80, using: &random)).map { _ in
                let client = Int.random(in: 0..<3, using: &random)
                if Int.random(in: 0..<20, using: &random) > 0 { sequences[client] += 1 }
                if Int.random(in: 0..<500, using: &random) == 0 {
                    acknowledged[client] = max(sequences[client], 1) - 1
                }
                sequences[client] = max(sequences[client], 1)
                let origin = Origin(
                    session: SessionID(UInt64(client + 1)),
                    sequence: SequenceNumber(sequences[client]),
                    acknowledgedThrough: SequenceNumber(acknowledged[client]))
                let value = [UInt8](
                    repeating: 7, count: Int.random(in: 0..<300, using: &random))
                let steps = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                    LetterStore.put("k\(Int.random(in: 0..<9, using: &random))", value)
                }
                return Record.transaction(Transaction(steps: steps), origin: origin)
            }
            frames.append(log.frame(records))
        }
        frames.append(log.frame([.closeSession(SessionID(2))]))
        return frames
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a node that is opened anew before each frame comes to the same rows and answers`(
        seed: UInt64
    ) throws {
        print("seed \(seed)")
        var limits = Limits.standard
        limits.rowPartBytes = 700
        let frames = Self.frames(Log(limits), seed: seed)
        let steadyEngine = MemoryEngine()
        let steady = try Self.applier(steadyEngine, limits)
        let reopenedEngine = MemoryEngine()
        for frame in frames {
            let reopened = try Self.applier(reopenedEngine, limits)
            let turn = try reopened.apply([frame])
            let expected = try steady.apply([frame])
            #expect("\(turn.frames)" == "\(expected.frames)")
        }
        #expect(try Self.rows(of: steadyEngine) == Self.rows(of: reopenedEngine))
    }

    @Test(arguments: [4, 5] as [UInt64])
    func `rows are split as their bound says, and the feed is the same`(seed: UInt64) throws {
        print("seed \(seed)")
        var limits = Limits.standard
        let frames = Self.frames(Log(limits), seed: seed)
        let whole = MemoryEngine()
        _ = try Self.applier(whole, limits).apply(frames)
        limits.rowPartBytes = 300
        let split = MemoryEngine()
        _ = try Self.applier(split, limits).apply(frames)
        #expect(try Self.changeSets(whole, limits) == Self.changeSets(split, limits))

        // One change set has up to three changes of two values; it does not share a row then.
        let sizes = try Self.rows(of: split).values.map(\.value.count)
        #expect(try #require(sizes.max()) < 2_200)
        #expect(try #require(Self.rows(of: whole).values.map(\.value.count).max()) > 10_000)
        #expect(
            try Self.rows(of: split).keys.contains { $0.starts(with: [1, 3]) && $0.count == 14 })
    }

    @Test func `a session's outcomes are bounded in bytes until they are acknowledged`() throws {
        var limits = Limits.standard
        limits.outcomeBytesPerSession = 250
        let bench = try OutcomeBench(limits, sessions: 1)
        func code(_ sequence: UInt64, acknowledged: UInt64) throws -> AbortCode? {
            try bench.code(1, sequence, acknowledged: acknowledged, reasonBytes: 100)
        }
        for sequence: UInt64 in 1...3 {
            #expect(try code(sequence, acknowledged: 0) == .requested)
        }
        #expect(try code(4, acknowledged: 0) == .sessionFull)
        #expect(try code(2, acknowledged: 0) == .requested)
        #expect(try code(4, acknowledged: 1) == .requested)
        #expect(try code(5, acknowledged: 1) == .sessionFull)
        #expect(try code(5, acknowledged: 4) == .requested)
    }

    @Test func `the outcomes of all sessions are bounded, and each has its share`() throws {
        var limits = Limits.standard
        limits.outcomeBytesOfSessions = 400
        let bench = try OutcomeBench(limits, sessions: 2)
        func code(
            _ session: UInt64, _ sequence: UInt64, acknowledged: UInt64 = 0
        ) throws -> AbortCode? {
            try bench.code(session, sequence, acknowledged: acknowledged, reasonBytes: 60)
        }
        var taken: UInt64 = 0
        while try code(1, taken + 1) == .requested {
            taken += 1
            try #require(taken < 10)
        }
        #expect(taken >= 4)
        #expect(try code(1, taken + 1) == .sessionFull)
        // The other has a share of 200 bytes, whatever the first has, and no more.
        #expect(try code(2, 1) == .requested)
        var others: UInt64 = 1
        while try code(2, others + 1) == .requested {
            others += 1
            try #require(others < taken)
        }
        #expect(try code(2, others + 1) == .sessionFull)
        // What a session acknowledges with its request counts no more.
        #expect(try code(1, taken + 1, acknowledged: taken) == .requested)
        #expect(try code(2, others + 1) == .requested)
    }

    @Test func `what a refused request acknowledges makes room for all`() throws {
        var limits = Limits.standard
        limits.outcomeBytesOfSessions = 400
        let bench = try OutcomeBench(limits, sessions: 3)
        // Each of them is within its share when it asks, and far over it when it has been answered.
        for (session, bytes) in [(1, 350), (2, 350), (3, 500)] as [(UInt64, Int)] {
            #expect(try bench.code(session, 1, acknowledged: 0, reasonBytes: bytes) == .requested)
        }
        // The third is gone. Either of the others has over twice the limit beside itself, but only
        // until it has acknowledged what it has.
        #expect(try bench.code(1, 2, acknowledged: 1) == .sessionFull)
        #expect(try bench.code(2, 2, acknowledged: 1) == .requested)
        #expect(try bench.code(1, 2, acknowledged: 1) == .requested)
        #expect(try bench.code(3, 2, acknowledged: 1) == .requested)
    }

    /// Client sessions of an engine, and requests of theirs that abort by themselves.
    private struct OutcomeBench {
        private let limits: Limits
        private let log: Log
        private let engine = MemoryEngine()

        /// Opens sessions 1 and on.
        init(_ limits: Limits, sessions: Int) throws {
            self.limits = limits
            log = Log(limits)
            let opening = Record.openSession(timeToLiveMilliseconds: 1 << 40, description: "one")
            let openings = [Record](repeating: opening, count: sessions)
            _ = try ApplierTests.applier(engine, limits).apply([log.frame(openings)])
        }

        /// The code that request `sequence` of a session is answered with, by a node opened anew; its
        /// outcome has a reason of `reasonBytes`.
        func code(
            _ session: UInt64, _ sequence: UInt64, acknowledged: UInt64, reasonBytes: Int = 10
        ) throws -> AbortCode? {
            let origin = Origin(
                session: SessionID(session), sequence: SequenceNumber(sequence),
                acknowledgedThrough: SequenceNumber(acknowledged))
            let reason = String(repeating: "r", count: reasonBytes)
            let record = Record.transaction(
                Transaction(steps: [.abort(reason: reason)]), origin: origin)
            let turn = try ApplierTests.applier(engine, limits).apply([log.frame([record])])
            guard case .outcome(let bytes)? = turn.frames.first?.results.first,
                case .aborted(_, let code) = try OutcomeHeader.peek(bytes)
            else { return nil }
            return code
        }
    }

    private static func changeSets(_ engine: MemoryEngine, _ limits: Limits) throws -> [ChangeSet] {
        let reader = FeedReader(limits: limits)
        var sets: [ChangeSet] = []
        var next = LogIndex(1)
        while next <= (try AppliedPosition.read(engine)).index {
            let page = try reader.page(from: next, byteLimit: 3_000, in: engine)
            #expect(page.through >= next)
            sets += page.changeSets
            next = page.through.next
        }
        #expect(sets.map(\.index) == sets.map(\.index).sorted())
        return sets
    }
}
