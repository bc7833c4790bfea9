package import Codec
package import Identifiers
import WAL

/// A group of a simulated disk's log, found by the byte tables of the format.
package struct LogGroup: Sendable {
    package let path: String
    package let offset: Int
    package let byteCount: Int
    /// Where each of its frames begins, with its records.
    package let frames: [(offset: Int, records: ClosedRange<LogIndex>)]

    /// The records of its frames; nil where it has none.
    package var records: ClosedRange<LogIndex>? {
        guard let first = frames.first, let last = frames.last else { return nil }
        return first.records.lowerBound...last.records.upperBound
    }

    /// Where the payload of its first frame begins.
    package var payload: Int { offset + GroupEnvelope.byteCount + FrameHeader.byteCount }

    /// All groups that can be read, in order: what a recycled file held before is none.
    package static func all(of disk: SimulatedDisk, limits: Limits) -> [LogGroup] {
        var groups: [LogGroup] = []
        for path in disk.paths(below: SimulatedDisk.segments) {
            guard let bytes = disk.bytes(of: path), let salt = salt(of: bytes) else { continue }
            var offset = SegmentHeader.dataOffset
            while let envelope = try? GroupEnvelope.decode(bytes, at: offset, salt: salt) {
                guard offset + envelope.groupBytes <= bytes.count else { break }
                groups.append(
                    LogGroup(
                        path: path, offset: offset, byteCount: envelope.groupBytes,
                        frames: frames(bytes, at: offset, envelope, limits)))
                offset += envelope.groupBytes
            }
        }
        return groups
    }

    private static func salt(of segment: [UInt8]) -> UInt32? {
        for offset in SegmentHeader.copyOffsets {
            guard let header = try? SegmentHeader.decode(segment, at: offset) else { continue }
            return GroupEnvelope.salt(segmentID: header.segmentID)
        }
        return nil
    }

    private static func frames(
        _ bytes: [UInt8], at offset: Int, _ envelope: GroupEnvelope, _ limits: Limits
    ) -> [(offset: Int, records: ClosedRange<LogIndex>)] {
        var frames: [(offset: Int, records: ClosedRange<LogIndex>)] = []
        var place = offset + GroupEnvelope.byteCount
        while place < offset + envelope.groupBytes,
            let header = try? FrameHeader.decode(bytes, at: place, limits: limits)
        {
            frames.append((place, header.firstIndex...header.lastIndex))
            place += header.frameBytes
        }
        return frames
    }
}
