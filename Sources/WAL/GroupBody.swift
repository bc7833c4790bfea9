internal import Codec

/// The frames of one group, as far as they can be made out.
struct GroupBody {
    struct Part {
        let header: FrameHeader
        let offset: Int
        /// Whether the payload is what the header says.
        let isSound: Bool
    }

    private(set) var frames: [Part] = []
    /// Where a frame's header could not be read, so that it and all behind it are lost.
    private(set) var brokenOffset: Int?
    /// Whether every byte of the group is verified.
    private(set) var isWhole = false

    /// Reads the body behind the envelope at `offset`; it must lie within `bytes`.
    init(_ envelope: GroupEnvelope, in bytes: [UInt8], at offset: Int, limits: Limits) {
        var place = offset + GroupEnvelope.byteCount
        let end = place + envelope.bodyBytes
        precondition(end <= bytes.count, "group ends at \(end) of \(bytes.count) bytes")
        var checksum: UInt32 = 0
        while place < end {
            guard let header = try? FrameHeader.decode(bytes, at: place, limits: limits),
                header.frameBytes <= end - place
            else {
                brokenOffset = place
                return
            }
            let headerRange = place..<(place + FrameHeader.byteCount)
            checksum = Checksum.crc32c(bytes, in: headerRange, seed: checksum)
            let isSound = (try? SealedFrame.verifyPayload(of: header, in: bytes, at: place)) != nil
            frames.append(Part(header: header, offset: place, isSound: isSound))
            place += header.frameBytes
        }
        guard checksum == envelope.bodyChecksum else {
            frames.removeAll()
            brokenOffset = offset + GroupEnvelope.byteCount
            return
        }
        isWhole = frames.allSatisfy(\.isSound)
    }
}

extension FrameIndex.Suspect {
    /// What looks like sound frames in `range`, at multiples of 8, where an envelope or a header is
    /// lost that would have told where they are.
    ///
    /// A client could have stored such bytes as a value: nothing found here is believed before the
    /// chain digest of a successor proves it.
    static func found(
        in bytes: [UInt8], _ range: Range<Int>, segment: UInt64, limits: Limits
    ) -> [FrameIndex.Suspect] {
        var found: [FrameIndex.Suspect] = []
        var place = range.lowerBound
        while place + FrameHeader.byteCount <= range.upperBound {
            guard mayBegin(bytes, at: place),
                let header = try? FrameHeader.decode(bytes, at: place, limits: limits),
                header.frameBytes <= range.upperBound - place,
                (try? SealedFrame.verifyPayload(of: header, in: bytes, at: place)) != nil
            else {
                place += 8
                continue
            }
            let entry = FrameIndex.Entry(header, segment: segment, offset: place)
            found.append(.init(entry: entry, header: header))
            place += header.frameBytes
        }
        return found
    }

    private static func mayBegin(_ bytes: [UInt8], at place: Int) -> Bool {
        FrameKind(rawValue: bytes[place]) != nil && FrameCodec(rawValue: bytes[place + 1]) != nil
            && bytes[place + 2] == 0 && bytes[place + 3] == 0
    }
}

extension GroupEnvelope {
    /// The next place from `offset` on, a multiple of 8, where an envelope could begin.
    static func nextCandidate(in bytes: [UInt8], from offset: Int) -> Int? {
        let end = bytes.count - byteCount
        guard offset <= end else { return nil }
        let magics = (Kind.group.rawValue, Kind.repair.rawValue)
        return unsafe bytes.withUnsafeBytes { buffer in
            var place = offset
            while place <= end {
                let word = unsafe UInt32(
                    littleEndian: buffer.loadUnaligned(fromByteOffset: place, as: UInt32.self))
                if word == magics.0 || word == magics.1 { return place }
                place += 8
            }
            return nil
        }
    }
}
