import Codec
import Identifiers
import Raft

/// The head of a peer message: kind (1 byte), term (varint), then by kind.
///
/// | kind | message | fields |
/// |--:|---|---|
/// | 1 | vote request | flags (1: pre-vote, 2: transfer), last index and term |
/// | 2 | vote response | flags (1: pre-vote, 2: granted) |
/// | 3 | append request | previous index and term, commit, read nonce, number of frames |
/// | 4 | append response, matched | index, read nonce |
/// | 5 | append response, rejected | previous, hint index and term, last, read nonce |
/// | 6 | snapshot request | index and term, membership, chunk, flags (1: last, 2: lent) |
/// | 7 | snapshot response, wants | index and term, chunk |
/// | 8 | snapshot response, installed | index and term, index |
/// | 9 | time-out now | – |
/// | 10 | read index request | nonce |
/// | 11 | read index response | nonce, flag: known, index |
/// | 12 | snapshot needed | – |
///
/// Numbers are varints; a membership is three lists, each a count and node names.
enum HeadKind: UInt8 {
    case voteRequest = 1
    case voteResponse = 2
    case appendRequest = 3
    case matched = 4
    case rejected = 5
    case snapshotRequest = 6
    case snapshotWants = 7
    case snapshotInstalled = 8
    case timeoutNow = 9
    case readIndexRequest = 10
    case readIndexResponse = 11
    case snapshotNeeded = 12
}

/// The fields of an append request apart from its frames.
struct AppendFields {
    let previous: LogPosition
    let commit: LogIndex
    let readNonce: UInt64
}

/// A head as it was read; an append request lacks its frames until they are read as well.
struct ParsedHead {
    enum Body {
        case plain
        case append(AppendFields, frameCount: Int)
    }
    var message: Message
    var body: Body

    mutating func finish(_ fields: AppendFields, frames: [FrameDescriptor]) {
        message = Message(
            term: message.term,
            body: .appendRequest(
                Message.AppendRequest(
                    previous: fields.previous, commit: fields.commit, frames: frames,
                    readNonce: fields.readNonce)))
    }
}

extension ByteWriter {
    mutating func writePosition(_ position: LogPosition) {
        writeVarint(position.index)
        writeVarint(position.term)
    }

    private mutating func writeKind(_ kind: HeadKind, _ term: Term) {
        writeUInt8(kind.rawValue)
        writeVarint(term)
    }

    private mutating func writeNodes(_ nodes: [NodeID]) {
        writeVarint(UInt64(nodes.count))
        for node in nodes {
            writeVarint(node)
        }
    }

    mutating func writeHead(_ message: Message, frameCount: Int) {
        switch message.body {
        case .voteRequest(let request):
            writeKind(.voteRequest, message.term)
            writeUInt8((request.isPreVote ? 1 : 0) | (request.isTransfer ? 2 : 0))
            writePosition(request.last)
        case .voteResponse(let response):
            writeKind(.voteResponse, message.term)
            writeUInt8((response.isPreVote ? 1 : 0) | (response.granted ? 2 : 0))
        case .appendRequest(let request):
            writeKind(.appendRequest, message.term)
            writePosition(request.previous)
            writeVarint(request.commit)
            writeVarint(request.readNonce)
            writeVarint(UInt64(frameCount))
        case .appendResponse(let response):
            writeAppendResponse(response, term: message.term)
        case .snapshotRequest(let request):
            writeKind(.snapshotRequest, message.term)
            writePosition(request.snapshot)
            writeNodes(request.membership.voters)
            writeNodes(request.membership.outgoing)
            writeNodes(request.membership.learners)
            writeVarint(request.chunk)
            writeUInt8((request.isLast ? 1 : 0) | (request.isLent ? 2 : 0))
        case .snapshotResponse(let response):
            writeSnapshotResponse(response, term: message.term)
        case .timeoutNow:
            writeKind(.timeoutNow, message.term)
        case .snapshotNeeded:
            writeKind(.snapshotNeeded, message.term)
        case .readIndexRequest(let nonce):
            writeKind(.readIndexRequest, message.term)
            writeVarint(nonce)
        case .readIndexResponse(let nonce, let index):
            writeKind(.readIndexResponse, message.term)
            writeVarint(nonce)
            writeBool(index != nil)
            writeVarint(index ?? .zero)
        }
    }

    private mutating func writeAppendResponse(_ response: Message.AppendResponse, term: Term) {
        switch response.result {
        case .matched(let index):
            writeKind(.matched, term)
            writeVarint(index)
        case .rejected(let previous, let hint, let last):
            writeKind(.rejected, term)
            writeVarint(previous)
            writePosition(hint)
            writeVarint(last)
        }
        writeVarint(response.readNonce)
    }

    private mutating func writeSnapshotResponse(_ response: Message.SnapshotResponse, term: Term) {
        switch response.result {
        case .wants(let chunk):
            writeKind(.snapshotWants, term)
            writePosition(response.snapshot)
            writeVarint(chunk)
        case .installed(let index):
            writeKind(.snapshotInstalled, term)
            writePosition(response.snapshot)
            writeVarint(index)
        }
    }
}

extension ByteReader {
    /// A number far enough from the end of its range that counting on from it cannot overflow.
    private mutating func readBounded() throws(DecodingFailure) -> UInt64 {
        let start = position
        let value = try readVarint()
        guard value < 1 << 62 else {
            throw .overLimit(
                at: start, what: "a term, index or chunk", value: value, limit: 1 << 62)
        }
        return value
    }

    mutating func readPosition() throws(DecodingFailure) -> LogPosition {
        let index = LogIndex(try readBounded())
        return LogPosition(index: index, term: Term(try readBounded()))
    }

    private mutating func readNodes(limits: Limits) throws(DecodingFailure) -> [NodeID] {
        let count = try readCount(limit: limits.members, "members")
        var nodes: [NodeID] = []
        for _ in 0..<count {
            nodes.append(try readVarint(NodeID.self))
        }
        return nodes
    }

    private mutating func readMembership(limits: Limits) throws(DecodingFailure) -> Membership {
        let voters = try readNodes(limits: limits)
        let outgoing = try readNodes(limits: limits)
        return Membership(
            voters: voters, outgoing: outgoing, learners: try readNodes(limits: limits))
    }

    private mutating func readFlags(_ what: StaticString) throws(DecodingFailure) -> UInt8 {
        let start = position
        let flags = try readUInt8()
        guard flags < 4 else { throw .malformed(at: start, what: "flags of a \(what)") }
        return flags
    }

    mutating func readHead(limits: Limits) throws(DecodingFailure) -> ParsedHead {
        let start = position
        guard let kind = HeadKind(rawValue: try readUInt8()) else {
            throw .malformed(at: start, what: "unknown kind of peer message")
        }
        let term = Term(try readBounded())
        guard kind == .appendRequest else {
            let body = try readBody(kind, limits: limits)
            return ParsedHead(message: Message(term: term, body: body), body: .plain)
        }
        let fields = AppendFields(
            previous: try readPosition(), commit: LogIndex(try readBounded()),
            readNonce: try readVarint())
        let count = try readCount(limit: limits.framesPerMessage, "frames")
        return ParsedHead(
            message: Message(term: term, body: .timeoutNow),
            body: .append(fields, frameCount: count))
    }

    private mutating func readBody(
        _ kind: HeadKind, limits: Limits
    ) throws(DecodingFailure) -> Message.Body {
        switch kind {
        case .appendRequest:
            preconditionFailure("an append request is read with its frames")
        case .voteRequest:
            let flags = try readFlags("vote request")
            return .voteRequest(
                Message.VoteRequest(
                    isPreVote: flags & 1 != 0, isTransfer: flags & 2 != 0,
                    last: try readPosition()))
        case .voteResponse:
            let flags = try readFlags("vote response")
            return .voteResponse(
                Message.VoteResponse(isPreVote: flags & 1 != 0, granted: flags & 2 != 0))
        case .matched:
            let index = LogIndex(try readBounded())
            return .appendResponse(
                Message.AppendResponse(result: .matched(index), readNonce: try readVarint()))
        case .rejected:
            let result = Message.AppendResponse.Result.rejected(
                previous: LogIndex(try readBounded()), hint: try readPosition(),
                last: LogIndex(try readBounded()))
            return .appendResponse(
                Message.AppendResponse(result: result, readNonce: try readVarint()))
        case .snapshotRequest:
            let snapshot = try readPosition()
            let membership = try readMembership(limits: limits)
            let chunk = try readBounded()
            let flags = try readFlags("snapshot request")
            return .snapshotRequest(
                Message.SnapshotRequest(
                    snapshot: snapshot, membership: membership, chunk: chunk,
                    isLast: flags & 1 != 0, isLent: flags & 2 != 0))
        case .snapshotWants:
            return .snapshotResponse(
                Message.SnapshotResponse(
                    snapshot: try readPosition(), result: .wants(chunk: try readBounded())))
        case .snapshotInstalled:
            return .snapshotResponse(
                Message.SnapshotResponse(
                    snapshot: try readPosition(),
                    result: .installed(LogIndex(try readBounded()))))
        case .timeoutNow:
            return .timeoutNow
        case .snapshotNeeded:
            return .snapshotNeeded
        case .readIndexRequest:
            return .readIndexRequest(nonce: try readVarint())
        case .readIndexResponse:
            let nonce = try readVarint()
            let known = try readBool()
            let index = LogIndex(try readBounded())
            return .readIndexResponse(nonce: nonce, index: known ? index : nil)
        }
    }
}
