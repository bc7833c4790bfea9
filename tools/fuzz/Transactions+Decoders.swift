import Codec
import Identifiers
import Transactions

/// Decodes, and where that works, encodes and decodes again: both values must be equal.
private func roundTrip<Value: Equatable>(
    _ input: [UInt8],
    _ decode: (inout ByteReader) throws -> Value,
    _ encode: (Value, inout ByteWriter) -> Void
) {
    var reader = ByteReader(input)
    guard let value = try? decode(&reader) else { return }
    var writer = ByteWriter()
    encode(value, &writer)
    var again = ByteReader(writer.bytes)
    do {
        let other = try decode(&again)
        precondition(other == value, "\(value) came back as \(other)")
    } catch {
        preconditionFailure("\(value) is refused after encoding: \(error)")
    }
}

let sampleTransaction = Transaction(
    steps: [
        .operation(Operation(store: .properties, kind: 1, body: [1, 2, 3])),
        .abort(reason: "because"),
    ],
    expectations: [
        .keyAtVersion(store: .properties, key: [1], version: LogIndex(9)),
        .keyAbsent(store: .properties, key: [2]),
        .rangeDigest(
            store: .properties, lower: [1], upper: [2], digest: Bits128(high: 1, low: 2)),
    ],
    properties: [TransactionProperty(name: "author", value: [0x61])], completionMode: .grouped)

let sampleMembership = ClusterMembership(
    founding: FoundingID(7), voters: [NodeID(1), NodeID(2)], outgoing: [NodeID(1)],
    learners: [NodeID(3)],
    members: [1, 2, 3].map {
        Member(
            node: NodeID($0), incarnation: $0 == 2 ? nil : Incarnation($0),
            peerAddress: "127.0.0.1:\($0)", clientAddress: "[::1]:\($0)")
    })

private let sampleRecords: [Record] = [
    .nothing,
    .transaction(sampleTransaction, origin: nil),
    .transaction(
        sampleTransaction,
        origin: Origin(
            session: SessionID(5), sequence: SequenceNumber(2),
            acknowledgedThrough: SequenceNumber(1))),
    .openSession(timeToLiveMilliseconds: 60_000, description: "who"),
    .touchSession(SessionID(5)),
    .closeSession(SessionID(5)),
    .expireSessions([SessionID(5), SessionID(6)]),
    .membership(sampleMembership),
    .triggerCursors([
        TriggerCursor(trigger: "t", deliveredThrough: LogIndex(4), suspension: "why")
    ]),
    .digestMark(nonce: 77),
]

private func encoded(_ record: Record) -> [UInt8] {
    var writer = ByteWriter()
    record.encode(into: &writer)
    return writer.bytes
}

let sampleOutcomes: [Outcome] = [
    .committed(index: LogIndex(7), results: [[], [1, 2]]),
    .aborted(index: LogIndex(7), Abort(step: 1, code: .notFound, message: "not there")),
]

let sampleChanges = ChangeSet(
    index: LogIndex(7), timeMilliseconds: 1_700_000_000_000,
    properties: sampleTransaction.properties,
    changes: [Change(step: 0, store: .properties, key: "a/b", old: nil, new: [1])], abort: nil)

private func decodePayload(_ input: [UInt8]) {
    guard let first = input.first,
        var reader = try? FramePayload.Reader(
            Array(input.dropFirst()), count: Int(first), limits: .standard)
    else { return }
    while let range = try? reader.next() {
        precondition(range.upperBound < input.count, "record at \(range) of \(input.count) bytes")
    }
}

let transactionDecoders = [
    FuzzedDecoder(
        name: "record", seeds: { sampleRecords.map(encoded) },
        decode: { input in
            roundTrip(input, { try Record.decode(&$0, limits: .standard) }) { $0.encode(into: &$1) }
            _ = try? RecordHeader.peek(input, in: 0..<input.count)
        }),
    FuzzedDecoder(
        name: "transaction", seeds: { [sampleTransaction.encoded()] },
        decode: { input in
            roundTrip(input, { try Transaction.decode(&$0, limits: .standard) }) {
                $0.encode(into: &$1)
            }
        }),
    FuzzedDecoder(
        name: "outcome", seeds: { sampleOutcomes.map { $0.encoded() } },
        decode: { input in
            roundTrip(input, { try Outcome.decode(&$0, limits: .standard) }) {
                $0.encode(into: &$1)
            }
        }),
    FuzzedDecoder(
        name: "change-set", seeds: { [sampleChanges.encoded()] },
        decode: { input in
            roundTrip(input, { try ChangeSet.decode(&$0, limits: .standard) }) {
                $0.encode(into: &$1)
            }
        }),
    FuzzedDecoder(
        name: "membership",
        seeds: {
            var writer = ByteWriter()
            sampleMembership.encode(into: &writer)
            return [writer.bytes]
        },
        decode: { input in
            roundTrip(input, { try ClusterMembership.decode(&$0, limits: .standard) }) {
                $0.encode(into: &$1)
            }
        }),
    FuzzedDecoder(
        name: "payload",
        seeds: {
            var writer = FramePayload.Writer(timeMilliseconds: 1)
            for record in sampleRecords {
                writer.append(encoded(record))
            }
            return [[UInt8(sampleRecords.count)] + writer.take()]
        },
        decode: decodePayload),
]
