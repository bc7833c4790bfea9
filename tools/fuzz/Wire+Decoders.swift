import Codec
import Identifiers
import Transactions
import Wire

private let sampleRequests: [Request] = [
    .openSession(timeToLiveMilliseconds: 60_000, description: "who"),
    .submit(
        Submission(
            origin: Origin(
                session: SessionID(5), sequence: SequenceNumber(2),
                acknowledgedThrough: SequenceNumber(1)),
            wantsChanges: true, transaction: sampleTransaction.encoded())),
    .keepAlive(SessionID(5)),
    .closeSession(SessionID(5)),
    .read(
        ReadRequest(
            store: .properties, kind: 1, body: [1, 2],
            consistency: .stale(maximalLagMilliseconds: 100))),
    .watch(
        WatchRequest(
            start: .from(LogIndex(3)), stores: [.properties], keyPrefixes: ["a"],
            includesAborted: true, credit: 10)),
    .watchCredit(changeSets: 3),
    .watchCancel,
    .status,
    .stateDigest(at: LogIndex(9)),
    .memberAdd(NodeID(4), peerAddress: "127.0.0.1:1", clientAddress: "127.0.0.1:2"),
    .memberRemove(NodeID(4)),
    .memberPromote(NodeID(4)),
    .transfer(to: nil),
    .snapshot,
    .verify,
    .logFrames(from: LogIndex(7), count: 100),
]

private let sampleResponses: [Response] = [
    .sessionOpened(SessionID(5)),
    .outcome(sampleOutcomes[0].encoded(), changes: sampleChanges.encoded()),
    .done(LogIndex(3)),
    .readResult(applied: LogIndex(3), [1, 2]),
    .readAborted(applied: LogIndex(3), .notFound, message: "not there"),
    .watchStarted(first: LogIndex(3)),
    .changeSets(through: LogIndex(9), [sampleChanges.encoded()]),
    .watchEnded(.retentionPassed(firstRetained: LogIndex(4))),
    .digest(at: LogIndex(3), Bits128(high: 1, low: 2)),
    .snapshotTaken(applied: LogIndex(3), firstRetained: LogIndex(2), milliseconds: 4),
    .verified(Verification(segments: 1, frames: 2, bytes: 3, problems: ["a"])),
    .logFrames(
        LogPage(
            node: NodeID(1), term: Term(3), firstIndex: LogIndex(2), lastIndex: LogIndex(9),
            frames: [
                LogFrame(
                    FrameHeader(
                        kind: .entries, codec: .raw, term: Term(3), firstIndex: LogIndex(2),
                        count: 8, storedBytes: 5, rawBytes: 5, payloadChecksum: 1,
                        previousDigest: .empty, digest: .empty))
            ])),
    .error(.notLeader(node: NodeID(2), clientAddress: "127.0.0.1:2")),
    .error(.noRoom(reason: "7 reads are waiting")),
    .error(.tooLarge(what: "value", size: 9, limit: 8)),
]

private func message(_ encode: (RequestID, inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    encode(RequestID(1), &writer)
    return writer.bytes
}

/// Feeds a stream in pieces whose lengths come from the input, so that cuts fall everywhere.
private func messages(_ input: [UInt8], _ take: (UInt8, inout ByteReader) -> Void) {
    guard let step = input.first else { return }
    var splitter = MessageSplitter(limitBytes: Limits.standard.clientAnswerBytes)
    var rest = input.dropFirst()
    while !rest.isEmpty {
        splitter.append(Array(rest.prefix(Int(step) + 1)))
        rest = rest.dropFirst(Int(step) + 1)
        do {
            while let (kind, body) = try splitter.next() {
                var reader = body
                _ = try reader.readUInt32()
                take(kind, &reader)
            }
        } catch {
            return
        }
    }
}

/// What was accepted must be accepted again, and be the same.
private func decodeRequest(kind: UInt8, _ reader: inout ByteReader) {
    guard let request = try? Request.decode(kind: kind, &reader, limits: .standard) else { return }
    let bytes = message { request.encode($0, into: &$1) }
    var again = ByteReader(bytes, in: NativeProtocol.messageHeaderBytes..<bytes.count)
    let other = try? Request.decode(kind: request.kind, &again, limits: .standard)
    precondition(other == request, "\(request) came back as \(String(describing: other))")
}

private func decodeResponse(kind: UInt8, _ reader: inout ByteReader) {
    guard let response = try? Response.decode(kind: kind, &reader, limits: .standard) else {
        return
    }
    let bytes = message { response.encode($0, into: &$1) }
    var again = ByteReader(bytes, in: NativeProtocol.messageHeaderBytes..<bytes.count)
    let other = try? Response.decode(kind: response.kind, &again, limits: .standard)
    precondition(other == response, "\(response) came back as \(String(describing: other))")
}

private func handshake(_ input: [UInt8]) {
    let identity = HandshakeAcceptor.Identity(
        cluster: ClusterID(Bits128(high: 1, low: 1)), node: NodeID(1), incarnation: Incarnation(1))
    shake(
        HandshakeAcceptor(identity: identity, role: .client),
        HandshakeOpener(HandshakeOffer(role: .client)), input)
    var peer = identity
    peer.terms = ReplicationTerms(.standard)
    shake(
        HandshakeAcceptor(identity: peer, role: .peer), HandshakeOpener(samplePeerOffer), input)
}

private let samplePeerOffer = HandshakeOffer(
    role: .peer, node: NodeID(2), incarnation: Incarnation(3), terms: ReplicationTerms(.standard))

private func shake(
    _ acceptor: HandshakeAcceptor, _ opener: HandshakeOpener, _ input: [UInt8]
) {
    guard let step = input.first else { return }
    var (acceptor, opener) = (acceptor, opener)
    var accepts = true
    var opens = true
    var rest = input.dropFirst()
    while !rest.isEmpty, accepts || opens {
        let piece = Array(rest.prefix(Int(step) + 1))
        rest = rest.dropFirst(Int(step) + 1)
        if accepts { accepts = acceptor.received(piece) == .needsMore }
        if opens { opens = opener.received(piece) == .needsMore }
    }
}

let wireDecoders = [
    FuzzedDecoder(
        name: "request",
        seeds: {
            sampleRequests.map { request in [9] + message { request.encode($0, into: &$1) } }
        },
        decode: { messages($0, decodeRequest) }),
    FuzzedDecoder(
        name: "response",
        seeds: {
            sampleResponses.map { response in [9] + message { response.encode($0, into: &$1) } }
        },
        decode: { messages($0, decodeResponse) }),
    FuzzedDecoder(
        name: "handshake",
        seeds: {
            let refusal = HandshakeRefusal(.wrongRole, "try the other port")
            return [
                [60] + HandshakeOffer(role: .client).encoded(),
                [200] + samplePeerOffer.encoded(),
                [7]
                    + HandshakeAnswer(
                        refusal: refusal, version: 1, cluster: nil, node: NodeID(1),
                        incarnation: Incarnation(2)
                    ).encoded(),
            ]
        },
        decode: handshake),
]
