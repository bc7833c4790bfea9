internal import Codec
package import IOCore
package import Identifiers

/// The number of a log's newest segment, noted beside the log: without it, a log that has lost its
/// newest segments, or all of them, would look like one that never had them.
///
/// A segment is noted once its file is durable and before anything is written behind its header, so
/// the number may be one behind, never ahead. Two slots are written in turn, so that one of them is
/// whole at any time; bytes behind the checksum are 0. Integers are little-endian.
///
/// | offset | bytes | field |
/// |--:|--:|---|
/// | 0 | 8 | magic: "LkstpReg" |
/// | 8 | 8 | number of the newest segment |
/// | 16 | 8 | incarnation of the data directory |
/// | 24 | 4 | CRC32C of bytes 0 to 23 |
package final class SegmentRegister {
    /// Bytes from the beginning of one slot to that of the other.
    private static let slotBytes = 4_096
    private static let contentBytes = 28
    private static let magic: UInt64 = 0x6765_5270_7473_6B4C

    private let fileSystem: any FileSystem
    private let directory: String
    private let path: String
    private let incarnation: Incarnation
    /// The highest number noted; 0 where none is.
    package private(set) var newest: UInt64 = 0
    /// The slot that the next number goes to.
    private var nextSlot = 0

    /// Reads what a directory of this incarnation has noted; nothing where it has no such file.
    package init(
        fileSystem: any FileSystem, layout: DataDirectoryLayout, incarnation: Incarnation
    ) throws(WALFailure) {
        self.fileSystem = fileSystem
        self.incarnation = incarnation
        directory = layout.root
        path = layout.segmentRegister
        let path = path
        let bytes = try reading { () throws(FileFailure) -> [UInt8] in
            guard try fileSystem.exists(path) else { return [] }
            let file = try fileSystem.open(path, .readOnly)
            defer { file.close() }
            return try file.read(at: 0, count: 2 * Self.slotBytes)
        }
        for slot in 0..<2 {
            guard let number = Self.number(in: bytes, slot, incarnation), number > newest else {
                continue
            }
            newest = number
            nextSlot = 1 - slot
        }
    }

    /// Notes a segment, durably; nothing to do for one that is not newer than what is noted.
    func note(_ number: UInt64) throws(FileFailure) {
        guard number > newest else { return }
        let slot = encoded(number)
        if try fileSystem.exists(path) {
            let file = try fileSystem.open(path, .readWrite)
            defer { file.close() }
            try file.write([slot], at: nextSlot * Self.slotBytes)
            try file.sync()
        } else {
            let file = try fileSystem.open(path, .create)
            defer { file.close() }
            // Both slots at once: on a full disk neither has to be made any more.
            try file.write([slot, [UInt8](repeating: 0, count: Self.slotBytes)], at: 0)
            try file.sync()
            try fileSystem.syncDirectory(directory)
            nextSlot = 0
        }
        newest = number
        nextSlot = 1 - nextSlot
    }

    private func encoded(_ number: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: Self.slotBytes)
        writer.writeUInt64(Self.magic)
        writer.writeUInt64(number)
        writer.writeUInt64(incarnation)
        writer.writeUInt32(Checksum.crc32c(writer.bytes))
        var bytes = writer.take()
        bytes += [UInt8](repeating: 0, count: Self.slotBytes - bytes.count)
        return bytes
    }

    /// The number in a slot; nil where it was never written, is torn or of another incarnation.
    private static func number(
        in bytes: [UInt8], _ slot: Int, _ incarnation: Incarnation
    ) -> UInt64? {
        let start = slot * slotBytes
        guard bytes.count >= start + contentBytes else { return nil }
        var reader = ByteReader(bytes, in: start..<start + contentBytes)
        guard let found = try? reader.readUInt64(), found == magic,
            let number = try? reader.readUInt64(),
            let owner = try? reader.readUInt64(Incarnation.self), owner == incarnation,
            let checksum = try? reader.readUInt32(),
            checksum == Checksum.crc32c(bytes, in: start..<start + contentBytes - 4)
        else { return nil }
        return number
    }
}
