package import Codec
import Digests
internal import Identifiers

/// The head of a segment file, written and synced before the file gets its segment name.
///
/// Two copies lie at bytes 0 and 512, so that one rotten sector loses neither the start of the log
/// nor a vote; groups begin at byte 1024, each at a multiple of 8. Integers are little-endian.
///
/// | offset | bytes | field |
/// |--:|--:|---|
/// | 0 | 8 | magic: "LkstpSeg" |
/// | 8 | 4 | format version: 1 |
/// | 12 | 4 | flags: bit 0, the log begins here, and whatever earlier segments hold is void |
/// | 16 | 16 | cluster: high word, low word |
/// | 32 | 8 | node |
/// | 40 | 8 | incarnation |
/// | 48 | 8 | number of the segment, as in its name; grows by one, never used twice |
/// | 56 | 8 | segment id: the first 8 bytes (big-endian) of SHA-256 of bytes 16 to 55 |
/// | 64 | 8 | sequence of the first group |
/// | 72 | 8 | current term when the segment began |
/// | 80 | 8 | vote in that term, 0 for none |
/// | 88 | 8 | index of the last record before the segment |
/// | 96 | 8 | term of that record |
/// | 104 | 16 | chain digest there: high word, low word |
/// | 120 | 4 | bytes of the file, which has them all before it gets its name |
/// | 124 | 4 | CRC32C of bytes 0 to 123 |
///
/// The segment id salts the checksum of every group, so that what a recycled file held before is
/// never taken for new. It is a digest over the incarnation, which is random, so that nobody who
/// writes records can forge a group inside one.
package struct SegmentHeader: Hashable, Sendable {
    package let identity: WriteAheadLog.Identity
    package let number: UInt64
    package let isBase: Bool
    package let firstSequence: UInt64
    package let voting: WriteAheadLog.VotingState
    package let previous: WriteAheadLog.LogStart
    /// Bytes of the file.
    ///
    /// A shorter one has been cut, and what it held is unknown; in a longer one the rest is never read.
    package let fileBytes: Int
    /// The salt of the segment's groups.
    package let segmentID: UInt64

    package static let byteCount = 128
    package static let copyOffsets = [0, 512]
    /// Where the first group begins.
    package static let dataOffset = 1_024
    package static let version: UInt32 = 1
    static let magic: UInt64 = 0x6765_5370_7473_6B4C

    package init(
        identity: WriteAheadLog.Identity, number: UInt64, isBase: Bool, firstSequence: UInt64,
        voting: WriteAheadLog.VotingState, previous: WriteAheadLog.LogStart, fileBytes: Int
    ) {
        precondition(
            fileBytes >= Self.dataOffset && fileBytes <= Int(UInt32.max),
            "a segment of \(fileBytes) bytes")
        self.fileBytes = fileBytes
        self.identity = identity
        self.number = number
        self.isBase = isBase
        self.firstSequence = firstSequence
        self.voting = voting
        self.previous = previous
        segmentID = Self.segmentID(identity: identity, number: number)
    }

    /// The id of a segment; a function of whose it is and of its number.
    static func segmentID(identity: WriteAheadLog.Identity, number: UInt64) -> UInt64 {
        var writer = ByteWriter(capacity: 40)
        writer.writeBits128(identity.cluster.bits)
        writer.writeUInt64(identity.node)
        writer.writeUInt64(identity.incarnation)
        writer.writeUInt64(number)
        let digester = Digester()
        digester.update(writer.bytes)
        return digester.finishBits128().high
    }

    /// The `dataOffset` bytes with both copies.
    package func encodedPage() -> [UInt8] {
        let copy = encoded()
        var page = [UInt8](repeating: 0, count: Self.dataOffset)
        for offset in Self.copyOffsets {
            page.replaceSubrange(offset..<(offset + copy.count), with: copy)
        }
        return page
    }

    private func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.writeUInt64(Self.magic)
        writer.writeUInt32(Self.version)
        writer.writeUInt32(isBase ? 1 : 0)
        writer.writeBits128(identity.cluster.bits)
        writer.writeUInt64(identity.node)
        writer.writeUInt64(identity.incarnation)
        writer.writeUInt64(number)
        writer.writeUInt64(segmentID)
        writer.writeUInt64(firstSequence)
        writer.writeUInt64(voting.term)
        writer.writeUInt64(voting.vote?.rawValue ?? 0)
        writer.writeUInt64(previous.index)
        writer.writeUInt64(previous.term)
        writer.writeBits128(previous.digest.bits)
        writer.writeUInt32(UInt32(fileBytes))
        writer.writeUInt32(Checksum.crc32c(writer.bytes))
        return writer.take()
    }

    /// What a page of a segment file holds.
    package struct Page: Hashable, Sendable {
        package let header: SegmentHeader
        /// Whether one copy was unreadable, and should be written again.
        package let needsRewrite: Bool
    }

    /// Reads the first readable copy of the header of `file`.
    ///
    /// - Throws: `unreadable`, or `futureFormat` where no copy can be read and one names a later
    ///   version.
    package static func decodePage(_ page: [UInt8], file: String) throws(WALFailure) -> Page {
        var header: SegmentHeader?
        var reason = "file is too short"
        var future: UInt32?
        var unreadable = 0
        for offset in copyOffsets {
            do throws(DecodingFailure) {
                let copy = try decode(page, at: offset)
                header = header ?? copy
            } catch {
                unreadable += 1
                reason = error.description
                future = future ?? futureVersion(page, at: offset)
            }
        }
        if let header {
            return Page(header: header, needsRewrite: unreadable > 0)
        }
        if let future {
            throw .futureFormat(file: file, version: future, supported: version)
        }
        throw .unreadable(file: file, offset: 0, what: reason)
    }

    private static func futureVersion(_ page: [UInt8], at offset: Int) -> UInt32? {
        guard offset + 12 <= page.count else { return nil }
        var reader = ByteReader(page, in: offset..<(offset + 12))
        guard let found = try? reader.readUInt64(), found == magic,
            let version = try? reader.readUInt32(), version > Self.version
        else { return nil }
        return version
    }

    /// Reads and verifies the copy at `offset`.
    package static func decode(
        _ bytes: [UInt8], at offset: Int
    ) throws(DecodingFailure) -> SegmentHeader {
        guard offset >= 0, offset <= bytes.count - byteCount else {
            throw .truncated(at: offset, wanted: byteCount)
        }
        let end = offset + byteCount
        var reader = ByteReader(bytes, in: offset..<end)
        guard try reader.readUInt64() == magic else {
            throw .malformed(at: offset, what: "not a segment header")
        }
        let version = try reader.readUInt32()
        guard version == Self.version else {
            throw .malformed(at: offset, what: "segment format version \(version)")
        }
        var tail = ByteReader(bytes, in: (end - 4)..<end)
        guard try tail.readUInt32() == Checksum.crc32c(bytes, in: offset..<(end - 4)) else {
            throw .malformed(at: offset, what: "segment header checksum mismatch")
        }
        let flags = try reader.readUInt32()
        let cluster = ClusterID(try reader.readBits128())
        let node = try reader.readUInt64(NodeID.self)
        let incarnation = try reader.readUInt64(Incarnation.self)
        guard flags <= 1, node.rawValue != 0, incarnation.rawValue != 0 else {
            throw .malformed(at: offset, what: "segment header of node \(node), flags \(flags)")
        }
        let number = try reader.readUInt64()
        let segmentID = try reader.readUInt64()
        let firstSequence = try reader.readUInt64()
        let voting = try reader.readVoting()
        let previous = try reader.readStart()
        let fileBytes = Int(try reader.readUInt32())
        guard fileBytes >= dataOffset else {
            throw .malformed(at: offset, what: "segment of \(fileBytes) bytes by its header")
        }
        let header = SegmentHeader(
            identity: .init(cluster: cluster, node: node, incarnation: incarnation),
            number: number, isBase: flags == 1, firstSequence: firstSequence, voting: voting,
            previous: previous, fileBytes: fileBytes)
        guard header.segmentID == segmentID, header.firstSequence < 1 << 62,
            header.previous.index.rawValue < 1 << 62
        else {
            throw .malformed(at: offset, what: "segment header is inconsistent")
        }
        return header
    }
}

extension ByteReader {
    /// A term and a vote, 16 bytes.
    mutating func readVoting() throws(DecodingFailure) -> WriteAheadLog.VotingState {
        let term = try readUInt64(Term.self)
        let vote = try readUInt64(NodeID.self)
        return .init(term: term, vote: vote.rawValue == 0 ? nil : vote)
    }

    /// An index, its term and its chain digest, 32 bytes.
    mutating func readStart() throws(DecodingFailure) -> WriteAheadLog.LogStart {
        let index = try readUInt64(LogIndex.self)
        let term = try readUInt64(Term.self)
        return .init(index: index, term: term, digest: ChainDigest(try readBits128()))
    }
}
