import Codec
import Identifiers
import Testing
import Transactions

/// One encoding under test, with its values hidden.
struct Coder: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Encodes a random value.
    let sample: @Sendable (inout SeededGenerator) -> [UInt8]
    /// Decodes and encodes again; throws what decoding throws.
    let recode: @Sendable ([UInt8], Limits) throws(DecodingFailure) -> [UInt8]

    static let all = [
        Coder(testDescription: "record") {
            Samples.record(&$0).encoded()
        } recode: { (bytes, limits) throws(DecodingFailure) in
            var reader = ByteReader(bytes)
            return try Record.decode(&reader, limits: limits).encoded()
        },
        Coder(testDescription: "transaction") {
            Samples.transaction(&$0).encoded()
        } recode: { (bytes, limits) throws(DecodingFailure) in
            try Transaction.decode(bytes, limits: limits).encoded()
        },
        Coder(testDescription: "outcome") {
            Samples.outcome(&$0).encoded()
        } recode: { (bytes, limits) throws(DecodingFailure) in
            var reader = ByteReader(bytes)
            let outcome = try Outcome.decode(&reader, limits: limits)
            try reader.finish()
            return outcome.encoded()
        },
        Coder(testDescription: "change set") {
            Samples.changeSet(&$0).encoded()
        } recode: { (bytes, limits) throws(DecodingFailure) in
            var reader = ByteReader(bytes)
            let changeSet = try ChangeSet.decode(&reader, limits: limits)
            try reader.finish()
            return changeSet.encoded()
        },
    ]
}

struct EncodingTests {
    @Test(arguments: Coder.all)
    func `what is encoded decodes to the same value`(coder: Coder) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let bytes = coder.sample(&random)
            #expect(try coder.recode(bytes, .standard) == bytes, "seed \(seed)")
        }
    }

    @Test(arguments: Coder.all)
    func `every proper prefix is refused`(coder: Coder) {
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let bytes = coder.sample(&random)
            for end in 0..<bytes.count {
                #expect(throws: DecodingFailure.self, "seed \(seed), \(end) of \(bytes)") {
                    try coder.recode(Array(bytes[..<end]), .standard)
                }
            }
        }
    }

    @Test(arguments: Coder.all)
    func `damaged bytes are refused or mean a value that can be encoded`(coder: Coder) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            var bytes = coder.sample(&random)
            for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                }
            }
            guard let again = try? coder.recode(bytes, .standard) else { continue }
            #expect(try coder.recode(again, .standard) == again, "seed \(seed)")
        }
    }

    @Test func `a transaction over a limit is refused`() {
        var limits = Limits()
        limits.operationsPerTransaction = 1
        let step = Step.operation(Operation(store: .properties, kind: 1, body: [1, 2, 3]))
        let two = Transaction(steps: [step, step])
        #expect(
            throws: DecodingFailure.overLimit(at: 1, what: "step count", value: 2, limit: 1)
        ) {
            try Transaction.decode(two.encoded(), limits: limits)
        }
        limits.operationsPerTransaction = 2
        limits.transactionBytes = 14
        #expect(two.encoded().count == 16)
        #expect(
            throws: DecodingFailure.overLimit(
                at: 0, what: "transaction bytes", value: 16, limit: 14)
        ) {
            try Transaction.decode(two.encoded(), limits: limits)
        }
    }

    @Test func `transaction properties must be sorted and named once`() {
        for names in [["b", "a"], ["a", "a"], [""]] {
            let transaction = Transaction(
                steps: [], properties: names.map { TransactionProperty(name: $0, value: []) })
            #expect(throws: DecodingFailure.self) {
                try Transaction.decode(transaction.encoded(), limits: .standard)
            }
        }
    }

    @Test func `a membership names each node once and places all`() {
        func refused(_ voters: [UInt64], members: [UInt64]) -> Bool {
            let membership = ClusterMembership(
                founding: FoundingID(7), voters: voters.map { NodeID($0) }, outgoing: [],
                learners: [],
                members: members.map {
                    Member(
                        node: NodeID($0), incarnation: nil, peerAddress: "a:1",
                        clientAddress: "a:2")
                })
            var reader = ByteReader(Record.membership(membership).encoded())
            return (try? Record.decode(&reader, limits: .standard)) == nil
        }
        #expect(!refused([1, 2], members: [1, 2]))
        #expect(refused([2, 1], members: [1, 2]))
        #expect(refused([1, 1], members: [1]))
        #expect(refused([0], members: [0]))
        #expect(refused([1, 2], members: [1]))
        #expect(refused([1], members: [1, 2]))
    }

    @Test func `the client's bytes stand unchanged behind the header of a record`() throws {
        let transaction = Transaction(
            steps: [.abort(reason: "no")],
            properties: [TransactionProperty(name: "a", value: [7])])
        let origin = Origin(
            session: SessionID(300), sequence: SequenceNumber(9),
            acknowledgedThrough: SequenceNumber(8))
        let bytes = Record.encodedTransaction(transaction.encoded(), origin: origin)
        #expect(bytes == Record.transaction(transaction, origin: origin).encoded())
        let header = try RecordHeader.peek(bytes, in: 0..<bytes.count)
        #expect(header.kind == .transaction)
        #expect(header.origin == origin)
        #expect(Array(bytes[header.body]) == transaction.encoded())
        #expect(bytes.starts(with: [2, 1, 0xAC, 0x02, 9, 8, 0x10]))
    }

    @Test func `an origin whose sequence was acknowledged before is refused`() {
        let origin = Origin(
            session: SessionID(1), sequence: SequenceNumber(3),
            acknowledgedThrough: SequenceNumber(3))
        let bytes = Record.transaction(Transaction(steps: []), origin: origin).encoded()
        #expect(throws: DecodingFailure.self) { try RecordHeader.peek(bytes, in: 0..<bytes.count) }
    }
}

struct FramePayloadTests {
    @Test func `records come back as ranges of the payload`() throws {
        let records = [Record.nothing.encoded(), Record.digestMark(nonce: 5).encoded()]
        var writer = FramePayload.Writer(timeMilliseconds: 1_700_000_000_000)
        records.forEach { writer.append($0) }
        #expect(writer.count == 2)
        let payload = writer.take()
        var reader = try FramePayload.Reader(payload, count: 2, limits: .standard)
        #expect(reader.timeMilliseconds == 1_700_000_000_000)
        #expect(try reader.next().map { Array(payload[$0]) } == records[0])
        #expect(try reader.next().map { Array(payload[$0]) } == records[1])
        #expect(try reader.next() == nil)
    }

    @Test func `a count that does not fit the bytes is refused`() throws {
        var writer = FramePayload.Writer(timeMilliseconds: 1)
        writer.append([1])
        let payload = writer.take()
        var few = try FramePayload.Reader(payload, count: 0, limits: .standard)
        #expect(throws: DecodingFailure.malformed(at: 1, what: "2 bytes too many")) {
            try few.next()
        }
        var many = try FramePayload.Reader(payload, count: 2, limits: .standard)
        #expect(try many.next() == 2..<3)
        #expect(throws: DecodingFailure.self) { try many.next() }
        #expect(throws: DecodingFailure.self) {
            try FramePayload.Reader(payload, count: 4_097, limits: .standard)
        }
    }

    @Test(arguments: [[1, 0], [1, 2, 9], [1, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 1]] as [[UInt8]])
    func `a record of no bytes or too many is refused`(payload: [UInt8]) throws {
        var reader = try FramePayload.Reader(payload, count: 1, limits: .standard)
        #expect(throws: DecodingFailure.self) { try reader.next() }
    }
}
