internal import Codec
internal import IOCore
internal import Identifiers

/// One open segment file.
struct Segment {
    let header: SegmentHeader
    let file: any File
    /// Bytes of the file that are the segment's; whatever lies behind them is somebody else's.
    let bytes: Int
    /// The lowest base of any group in it: below the header's position where a group has forgotten
    /// what came before the segment, so that the log cannot begin with it.
    var lowestBase: LogIndex
    /// Where the groups end; the write position in the last segment.
    var end: Int
    /// The salt of its groups' checksums.
    let salt: UInt32

    init(header: SegmentHeader, file: any File, bytes: Int) {
        self.header = header
        self.file = file
        self.bytes = bytes
        lowestBase = header.previous.index
        end = SegmentHeader.dataOffset
        salt = GroupEnvelope.salt(segmentID: header.segmentID)
    }

    var number: UInt64 {
        header.number
    }
}

/// The names of files in a log directory.
enum LogFileName {
    static let segmentPrefix = "segment-"
    static let sparePrefix = "spare-"
    static let preparing = "preparing"

    static func segment(_ number: UInt64) -> String {
        segmentPrefix + padded(number)
    }

    static func spare(_ number: UInt64) -> String {
        sparePrefix + padded(number)
    }

    /// The number in a name made by `segment` or `spare`; nil for any other name.
    static func number(of name: String, prefix: String) -> UInt64? {
        guard name.hasPrefix(prefix), name.utf8.count == prefix.utf8.count + 20,
            let number = UInt64(name.dropFirst(prefix.count)),
            name == prefix + padded(number), number <= UInt32.max
        else { return nil }
        return number
    }

    private static func padded(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 20 - digits.utf8.count) + digits
    }
}
