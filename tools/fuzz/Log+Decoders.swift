import Codec
import Identifiers
import Raft
import Replication
import Transactions
import WAL

private let identity = WriteAheadLog.Identity(
    cluster: ClusterID(Bits128(high: 1, low: 2)), node: NodeID(1), incarnation: Incarnation(3))

/// The input with the right sum over `[start, end)` at `place`, where all of it is there.
private func summed(
    _ input: [UInt8], over range: Range<Int>, seed: UInt32 = 0, at place: Int
) -> [UInt8] {
    guard input.count >= max(range.upperBound, place + 4) else { return input }
    var writer = ByteWriter(continuing: input)
    writer.patchUInt32(Checksum.crc32c(input, in: range, seed: seed), at: place)
    return writer.bytes
}

private func decodeSegmentHeader(_ input: [UInt8]) {
    for bytes in [input, summed(input, over: 0..<124, at: 124)] {
        _ = try? SegmentHeader.decodePage(bytes, file: "segment")
    }
}

/// The identity file, which ends in the sum of what lies before.
private func decodeIdentityFile(_ input: [UInt8]) {
    for bytes in [input, summed(input, over: 0..<48, at: 48)] {
        _ = try? DataDirectory.decode(bytes, file: "identity")
    }
}

private func decodeGroup(_ input: [UInt8]) {
    let salt = GroupEnvelope.salt(segmentID: 7)
    let patched = summed(input, over: 8..<GroupEnvelope.byteCount, seed: salt, at: 4)
    for bytes in [input, patched] {
        guard let group = try? GroupEnvelope.decode(bytes, at: 0, salt: salt) else { continue }
        precondition(
            group.encoded(segmentID: 7) == Array(bytes.prefix(GroupEnvelope.byteCount)),
            "\(group) is encoded differently")
    }
}

/// The message with the sum that it begins with put right, where its head is all there.
private func withHeadSummed(_ input: [UInt8]) -> [UInt8] {
    guard input.count >= 8 else { return input }
    let head = (0..<4).reduce(0) { $0 | Int(input[4 + $1]) << (8 * $1) }
    guard head <= input.count - 8 else { return input }
    return summed(input, over: 4..<(8 + head), at: 0)
}

/// A peer message begins with its sum over the rest of its head, and may carry frames.
private func decodePeerMessage(_ input: [UInt8]) {
    for bytes in [input, withHeadSummed(input)] {
        guard let message = try? PeerMessage.decode(ByteReader(bytes), limits: .standard) else {
            continue
        }
        let again = Array(message.encoded().joined().dropFirst(5))
        guard let other = try? PeerMessage.decode(ByteReader(again), limits: .standard) else {
            preconditionFailure("\(message) is refused after encoding")
        }
        precondition(other.message == message.message, "\(message) came back as \(other)")
    }
}

private func samplePeerMessages() -> [PeerMessage] {
    let position = LogPosition(index: LogIndex(4), term: Term(2))
    var messages = [
        Message.Body.voteRequest(.init(isPreVote: true, isTransfer: false, last: position)),
        .voteResponse(.init(isPreVote: true, granted: true)),
        .appendRequest(
            .init(previous: position, commit: LogIndex(3), frames: [], readNonce: 8)),
        .appendResponse(.init(result: .matched(LogIndex(4)), readNonce: 8)),
        .appendResponse(
            .init(
                result: .rejected(previous: LogIndex(4), hint: position, last: LogIndex(9)),
                readNonce: 0)),
        .snapshotNeeded,
        .timeoutNow,
        .readIndexRequest(nonce: 3),
        .readIndexResponse(nonce: 3, index: nil),
    ].map { PeerMessage(message: Message(term: Term(3), body: $0)) }
    let frame = sampleFrame([1, 2, 3], index: 5)
    if let descriptors = try? [frame].descriptors(limits: .standard) {
        let request = Message.AppendRequest(
            previous: position, commit: LogIndex(3), frames: descriptors, readNonce: 8)
        messages.append(
            PeerMessage(
                message: Message(term: Term(3), body: .appendRequest(request)), frames: [frame]))
    }
    return messages
}

/// A repair message, as a peer message, begins with its sum.
private func decodeRepairMessage(_ input: [UInt8]) {
    for bytes in [input, withHeadSummed(input)] {
        guard let message = try? RepairMessage.decode(ByteReader(bytes), limits: .standard) else {
            continue
        }
        let again = Array(message.encoded().joined().dropFirst(5))
        guard let other = try? RepairMessage.decode(ByteReader(again), limits: .standard) else {
            preconditionFailure("\(message) is refused after encoding")
        }
        precondition(
            other.encoded() == message.encoded(), "\(message) comes back as \(other)")
    }
}

private func sampleRepairMessages() -> [RepairMessage] {
    let digest = ChainDigest(Bits128(high: 5, low: 6))
    let bodies: [RepairMessage.Body] = [
        .request(RepairRequest(first: LogIndex(3), last: LogIndex(9), digest: digest)),
        .request(RepairRequest(first: LogIndex(3), last: LogIndex(3), digest: nil)),
        .frames([sampleFrame([1, 2, 3], index: 5)], leaderTerm: Term(2)),
        .absent, .compacted, .notLeader,
    ]
    return bodies.map { RepairMessage(nonce: 77, body: $0) }
}

/// A message about founding begins with its sum over the rest.
private func decodeFoundingMessage(_ input: [UInt8]) {
    let patched = input.count >= 4 ? summed(input, over: 4..<input.count, at: 0) : input
    for bytes in [input, patched] {
        guard let message = try? FoundingMessage.decode(ByteReader(bytes), limits: .standard) else {
            continue
        }
        let again = ByteReader(Array(message.encoded().dropFirst(5)))
        precondition(
            (try? FoundingMessage.decode(again, limits: .standard)) == message,
            "\(message) is refused after encoding")
    }
}

let logDecoders = [
    FuzzedDecoder(
        name: "segment-register", seeds: { [sampleRegisterSlot(1), sampleRegisterSlot(70_000)] },
        decode: { exerciseRegisterSlot(on: $0) }),
    FuzzedDecoder(
        name: "identity-file",
        seeds: {
            var writer = ByteWriter()
            writer.writeUInt64(0x7269_4470_7473_6B4C)
            writer.writeUInt32(DataDirectory.formatVersion)
            writer.writeUInt32(0)
            writer.writeBits128(identity.cluster.bits)
            writer.writeUInt64(identity.node)
            writer.writeUInt64(identity.incarnation)
            writer.writeUInt32(Checksum.crc32c(writer.bytes))
            return [writer.bytes]
        },
        decode: decodeIdentityFile),
    FuzzedDecoder(
        name: "repair-message",
        seeds: { sampleRepairMessages().map { Array($0.encoded().joined().dropFirst(5)) } },
        decode: decodeRepairMessage),
    FuzzedDecoder(
        name: "segment-header",
        seeds: {
            [
                SegmentHeader(
                    identity: identity, number: 1, isBase: true, firstSequence: 1,
                    voting: .initial, previous: .empty, fileBytes: 4_096
                ).encodedPage()
            ]
        },
        decode: decodeSegmentHeader),
    FuzzedDecoder(
        name: "group",
        seeds: {
            [
                GroupEnvelope(
                    kind: .group, sequence: 1,
                    voting: .init(term: Term(1), vote: NodeID(1)), base: .zero, bodyBytes: 0,
                    bodyChecksum: 0
                ).encoded(segmentID: 7)
            ]
        },
        decode: decodeGroup),
    FuzzedDecoder(
        name: "peer-message",
        seeds: { samplePeerMessages().map { Array($0.encoded().joined().dropFirst(5)) } },
        decode: decodePeerMessage),
    FuzzedDecoder(
        name: "founding-message",
        seeds: {
            [
                FoundingMessage.standing(FoundingID(3), hasBegun: true),
                .standing(.zero, hasBegun: false),
                .proposal(.empty), .proposal(sampleMembership),
            ].map { Array($0.encoded().dropFirst(5)) }
        },
        decode: decodeFoundingMessage),
]
