package import Codec
package import Identifiers

/// What replicas say to each other about frames that one of them has lost.
///
/// | offset | bytes | field |
/// |--:|--:|---|
/// | 0 | 4 | length of what follows |
/// | 4 | 1 | 2: repair of damage |
/// | 5 | 4 | CRC32C from offset 9 to the end of the head |
/// | 9 | 4 | length of the head |
/// | 13 | … | head: kind (1 byte), nonce (varint), the fields of the kind (`RepairMessage.Kind`) |
/// | … | … | frames: the sealed frames |
package struct RepairMessage: Sendable {
    /// Chosen by who asks, and repeated in the answer.
    package let nonce: UInt64
    package let body: Body

    package init(nonce: UInt64, body: Body) {
        self.nonce = nonce
        self.body = body
    }

    package enum Body: Sendable {
        case request(RepairRequest)
        /// Frames one behind the other, and the term in which their sender leads; zero where it does
        /// not.
        case frames([SealedFrame], leaderTerm: Term)
        /// The log has something else there, or damage too.
        case absent
        /// The log begins behind that.
        case compacted
        /// Without a digest only a leader can tell, and this node is none.
        case notLeader
        /// The sender leads in this term, and its log ends before that.
        case ended(leaderTerm: Term)
    }

    /// The kind of a head.
    ///
    /// | kind | message | fields |
    /// |--:|---|---|
    /// | 1 | request | first index, last index, flag: digest known, 16 bytes of digest (if known) |
    /// | 2 | frames | leader's term (0 none), number of frames |
    /// | 3 | absent | – |
    /// | 4 | compacted | – |
    /// | 5 | not leader | – |
    /// | 6 | ended | leader's term |
    ///
    /// Numbers are varints.
    enum Kind: UInt8 {
        case request = 1
        case frames = 2
        case absent = 3
        case compacted = 4
        case notLeader = 5
        case ended = 6
    }

    /// The kind byte of every message about repairs.
    package static let kind: UInt8 = 2

    /// The message as buffers to send one behind the other; the frames' are not copied.
    package func encoded() -> [[UInt8]] {
        var writer = ByteWriter(capacity: 64)
        writer.writeUInt32(0)
        writer.writeUInt8(Self.kind)
        writer.writeUInt32(0)
        writer.writeUInt32(0)
        writeHead(into: &writer)
        var frames: [SealedFrame] = []
        if case .frames(let sent, _) = body { frames = sent }
        let tail = frames.reduce(0) { $0 + $1.bytes.count }
        writer.patchUInt32(UInt32(writer.count - 4 + tail), at: 0)
        writer.patchUInt32(UInt32(writer.count - PeerMessage.prefixBytes), at: 9)
        writer.patchUInt32(Checksum.crc32c(writer.bytes, in: 9..<writer.count), at: 5)
        return [writer.take()] + frames.map(\.bytes)
    }

    private func writeHead(into writer: inout ByteWriter) {
        func begin(_ kind: Kind) {
            writer.writeUInt8(kind.rawValue)
            writer.writeVarint(nonce)
        }
        switch body {
        case .request(let request):
            begin(.request)
            writer.writeVarint(request.first)
            writer.writeVarint(request.last)
            writer.writeBool(request.digest != nil)
            if let digest = request.digest { writer.writeBits128(digest.bits) }
        case .frames(let frames, let term):
            begin(.frames)
            writer.writeVarint(term)
            writer.writeVarint(UInt64(frames.count))
        case .absent: begin(.absent)
        case .compacted: begin(.compacted)
        case .notLeader: begin(.notLeader)
        case .ended(let term):
            begin(.ended)
            writer.writeVarint(term)
        }
    }

    /// Reads one message from behind its kind byte to the reader's end.
    package static func decode(
        _ body: ByteReader, limits: Limits
    ) throws(DecodingFailure) -> RepairMessage {
        var reader = body
        let bytes = body.bytes
        var head = try reader.readCheckedHead("repair message")
        let start = head.position
        guard let kind = Kind(rawValue: try head.readUInt8()) else {
            throw .malformed(at: start, what: "unknown kind of repair message")
        }
        let nonce = try head.readVarint()
        var offset = reader.position
        let message: Body
        switch kind {
        case .request: message = .request(try RepairRequest(from: &head))
        case .frames:
            let term = try head.readVarint(Term.self)
            let count = try head.readCount(limit: limits.framesPerMessage, "frames")
            var frames: [SealedFrame] = []
            for _ in 0..<count {
                let frame = try SealedFrame.decode(bytes, at: offset, limits: limits)
                offset += frame.bytes.count
                frames.append(frame)
            }
            message = .frames(frames, leaderTerm: term)
        case .absent: message = .absent
        case .compacted: message = .compacted
        case .notLeader: message = .notLeader
        case .ended: message = .ended(leaderTerm: try head.readVarint(Term.self))
        }
        try head.finish()
        guard offset == body.end else {
            throw .malformed(at: offset, what: "bytes behind a repair message")
        }
        return RepairMessage(nonce: nonce, body: message)
    }
}

/// Which frames are wanted: those that end at `last` in `digest`, or, where that is not known, those
/// that the leader has from `first` on.
package struct RepairRequest: Hashable, Sendable {
    package let first: LogIndex
    package let last: LogIndex
    package let digest: ChainDigest?

    package init(first: LogIndex, last: LogIndex, digest: ChainDigest?) {
        precondition(first <= last && first > .zero, "a repair of records \(first) to \(last)")
        self.first = first
        self.last = last
        self.digest = digest
    }

    init(from reader: inout ByteReader) throws(DecodingFailure) {
        let start = reader.position
        let first = try reader.readVarint(LogIndex.self)
        let last = try reader.readVarint(LogIndex.self)
        guard first > .zero, first <= last, last.rawValue < 1 << 62 else {
            throw .malformed(at: start, what: "a request for records \(first) to \(last)")
        }
        var digest: ChainDigest?
        if try reader.readBool() { digest = ChainDigest(try reader.readBits128()) }
        self.init(first: first, last: last, digest: digest)
    }
}
