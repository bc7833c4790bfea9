package import Codec
package import Identifiers

/// A stretch of one node's log, as the headers of its frames tell it.
///
/// | field | encoding |
/// |---|---|
/// | node | varint, not 0 |
/// | term | varint |
/// | first, last index | varints; of the whole log, last + 1 = first for an empty one |
/// | frames | count varint, at most 1,024; each as below |
/// | frame: kind | u8: `FrameKind` |
/// | frame: term, first index | varints |
/// | frame: records, stored bytes, raw bytes | varints below 2³², records not 0 |
/// | frame: digest | 16 bytes, the chain digest of the log with this frame |
package struct LogPage: Hashable, Sendable {
    package static let mostFrames = 1_024

    package var node: NodeID
    /// The term that the node is in.
    package var term: Term
    package var firstIndex: LogIndex
    package var lastIndex: LogIndex
    /// In order; where damage hides some, they are missing.
    package var frames: [LogFrame]

    package init(
        node: NodeID, term: Term, firstIndex: LogIndex, lastIndex: LogIndex, frames: [LogFrame]
    ) {
        self.node = node
        self.term = term
        self.firstIndex = firstIndex
        self.lastIndex = lastIndex
        self.frames = frames
    }
}

/// What the header of one frame says.
package struct LogFrame: Hashable, Sendable {
    package var kind: FrameKind
    package var term: Term
    package var firstIndex: LogIndex
    package var records: UInt32
    package var storedBytes: UInt32
    package var rawBytes: UInt32
    package var digest: ChainDigest

    package init(_ header: FrameHeader) {
        kind = header.kind
        term = header.term
        firstIndex = header.firstIndex
        records = header.count
        storedBytes = header.storedBytes
        rawBytes = header.rawBytes
        digest = header.digest
    }
}

extension LogPage {
    func encode(into writer: inout ByteWriter) {
        precondition(frames.count <= Self.mostFrames, "a page of \(frames.count) frames")
        writer.writeVarint(node)
        writer.writeVarint(term)
        writer.writeVarint(firstIndex)
        writer.writeVarint(lastIndex)
        writer.writeVarint(UInt64(frames.count))
        for frame in frames {
            frame.encode(into: &writer)
        }
    }

    init(from reader: inout ByteReader) throws(DecodingFailure) {
        self.init(
            node: NodeID(try reader.readNonzero("node")), term: try reader.readVarint(Term.self),
            firstIndex: try reader.readVarint(LogIndex.self),
            lastIndex: try reader.readVarint(LogIndex.self),
            frames: try reader.readArray(limit: Self.mostFrames, "frames") {
                (reader) throws(DecodingFailure) in try LogFrame(from: &reader)
            })
    }
}

extension LogFrame {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.writeUInt8(kind.rawValue)
        writer.writeVarint(term)
        writer.writeVarint(firstIndex)
        writer.writeVarint(UInt64(records))
        writer.writeVarint(UInt64(storedBytes))
        writer.writeVarint(UInt64(rawBytes))
        writer.writeBits128(digest.bits)
    }

    fileprivate init(from reader: inout ByteReader) throws(DecodingFailure) {
        kind = try reader.readEnum(FrameKind.self, "frame kind")
        term = try reader.readVarint(Term.self)
        firstIndex = try reader.readVarint(LogIndex.self)
        let place = reader.position
        records = try reader.readVarint32("records")
        guard records > 0, firstIndex.rawValue <= UInt64.max - UInt64(records) else {
            throw .malformed(at: place, what: "a frame at \(firstIndex) of \(records) records")
        }
        storedBytes = try reader.readVarint32("stored bytes")
        rawBytes = try reader.readVarint32("raw bytes")
        digest = ChainDigest(try reader.readBits128())
    }
}
