package import Codec
import Identifiers
package import Raft
import Transactions

/// One message between replicas: the core's message with the bytes that belong to it.
///
/// | offset | bytes | field |
/// |--:|--:|---|
/// | 0 | 4 | length of what follows |
/// | 4 | 1 | 1: a message of the consensus core |
/// | 5 | 4 | CRC32C from offset 9 to the end of the head |
/// | 9 | 4 | length of the head |
/// | 13 | … | head: kind, term, the fields of the kind (`HeadKind`) |
/// | … | … | append requests: the sealed frames; snapshot requests: the chunk with its CRC32C |
///
/// Frames carry checksums of their own and are not summed again.
package struct PeerMessage: Sendable {
    package var message: Message
    /// The sealed frames of an append request, as many as it names.
    package var frames: [SealedFrame]
    /// The bytes of a snapshot request.
    package var chunk: [UInt8]

    package init(message: Message, frames: [SealedFrame] = [], chunk: [UInt8] = []) {
        self.message = message
        self.frames = frames
        self.chunk = chunk
    }

    /// The kind byte of every message of the core.
    package static let kind: UInt8 = 1
    /// Bytes before the head.
    static let prefixBytes = 13

    /// The message as buffers to send one behind the other; the frames' are not copied.
    package func encoded() -> [[UInt8]] {
        var writer = ByteWriter(capacity: 96)
        writer.writeUInt32(0)
        writer.writeUInt8(Self.kind)
        writer.writeUInt32(0)
        writer.writeUInt32(0)
        writer.writeHead(message, frameCount: frames.count)
        let headBytes = writer.count - Self.prefixBytes
        var tail = 0
        for frame in frames {
            tail += frame.bytes.count
        }
        var result: [[UInt8]] = []
        result.reserveCapacity(2 + frames.count)
        if case .snapshotRequest = message.body {
            tail = chunk.count + 4
            var sum = ByteWriter(capacity: 4)
            sum.writeUInt32(Checksum.crc32c(chunk))
            result = [chunk, sum.take()]
        } else {
            for frame in frames {
                result.append(frame.bytes)
            }
        }
        writer.patchUInt32(UInt32(writer.count - 4 + tail), at: 0)
        writer.patchUInt32(UInt32(headBytes), at: 9)
        writer.patchUInt32(Checksum.crc32c(writer.bytes, in: 9..<writer.count), at: 5)
        result.insert(writer.take(), at: 0)
        return result
    }

    /// Bytes that `encoded` makes, for bounds.
    package var byteCount: Int {
        frames.reduce(64 + chunk.count) { $0 + $1.bytes.count }
    }

    /// Reads one message from behind its kind byte to the reader's end.
    package static func decode(
        _ body: ByteReader, limits: Limits
    ) throws(DecodingFailure) -> PeerMessage {
        var reader = body
        let bytes = body.bytes
        var head = try reader.readCheckedHead("peer message")
        let headEnd = reader.position
        var parsed = try head.readHead(limits: limits)
        try head.finish()
        switch parsed.body {
        case .append(let request, let frameCount):
            var frames: [SealedFrame] = []
            frames.reserveCapacity(min(frameCount, 1_024))
            var offset = headEnd
            for _ in 0..<frameCount {
                let frame = try SealedFrame.decode(
                    bytes, at: offset, limits: limits)
                offset += frame.bytes.count
                frames.append(frame)
            }
            guard offset == body.end else {
                throw .malformed(at: offset, what: "bytes behind the last frame")
            }
            let descriptors = try frames.descriptors(limits: limits)
            parsed.finish(
                AppendFields(
                    previous: request.previous, commit: request.commit,
                    readNonce: request.readNonce),
                frames: descriptors)
            return PeerMessage(message: parsed.message, frames: frames)
        case .plain:
            var tail = ByteReader(bytes, in: headEnd..<body.end)
            guard case .snapshotRequest = parsed.message.body else {
                try tail.finish()
                return PeerMessage(message: parsed.message)
            }
            let chunk = try tail.readRaw(max(0, tail.remaining - 4))
            guard try tail.readUInt32() == Checksum.crc32c(chunk) else {
                throw .malformed(at: headEnd, what: "checksum of a snapshot chunk")
            }
            return PeerMessage(message: parsed.message, chunk: chunk)
        }
    }
}

extension ByteReader {
    /// The head of a message, which is behind its checksum and its length (4 bytes each); what
    /// follows it is next.
    mutating func readCheckedHead(_ what: StaticString) throws(DecodingFailure) -> ByteReader {
        let checksum = try readUInt32()
        let sumStart = position
        let head = try skip(Int(try readUInt32()))
        guard Checksum.crc32c(bytes, in: sumStart..<head.upperBound) == checksum else {
            throw .malformed(at: sumStart, what: "checksum of a \(what)")
        }
        return ByteReader(bytes, in: head)
    }
}

extension [SealedFrame] {
    /// What the core is told of these frames.
    package func descriptors(limits: Limits) throws(DecodingFailure) -> [FrameDescriptor] {
        var result: [FrameDescriptor] = []
        result.reserveCapacity(count)
        for frame in self {
            result.append(try frame.descriptor(limits: limits))
        }
        return result
    }
}

extension SealedFrame {
    /// What the core is told of this frame; a membership frame is opened for it.
    package func descriptor(limits: Limits) throws(DecodingFailure) -> FrameDescriptor {
        let membership: Membership? =
            switch header.kind {
            case .entries: nil
            case .membership: try MembershipFrame.read(self, limits: limits).core
            }
        guard header.firstIndex.rawValue > 0, header.firstIndex.rawValue < 1 << 62,
            header.term.rawValue < 1 << 62
        else {
            throw .malformed(at: 0, what: "frame at \(header.firstIndex)/\(header.term)")
        }
        guard header.count > 0, membership == nil || header.count == 1 else {
            throw .malformed(at: 0, what: "frame of \(header.count) records")
        }
        return FrameDescriptor(
            firstIndex: header.firstIndex, count: header.count, term: header.term,
            byteCount: UInt32(bytes.count), membership: membership)
    }
}
