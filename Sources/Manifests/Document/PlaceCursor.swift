/// Finds line and column of one tag after the other, in one pass over the document.
struct PlaceCursor {
    /// Stands in front of a document's text, and is no character of its first line.
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private let bytes: [UInt8]
    private var offset: Int
    private var line = 1
    private var column = 1

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        offset = bytes.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0
    }

    /// Where the tag begins that goes on up to the byte at `end`, behind all that was asked before.
    ///
    /// Nil where there is none. No value of an attribute may hold a `<`.
    mutating func tag(upTo end: Int) -> DocumentPlace? {
        guard end > offset, end <= bytes.count,
            let begin = bytes[offset..<end].lastIndex(of: UInt8(ascii: "<"))
        else { return nil }
        for byte in bytes[offset..<begin] {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                // A character is counted once, at its first byte.
                column += 1
            }
        }
        offset = begin
        return DocumentPlace(line: line, column: column)
    }
}
