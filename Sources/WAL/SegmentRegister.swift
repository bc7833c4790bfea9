internal import Codec
package import IOCore
package import Identifiers

/// The number of a log's newest segment, noted beside the log: without it, a log that has lost its
/// newest segments, or all of them, would look like one that never had them.
///
/// A segment is noted once its file is durable and before anything is written behind its header, so
/// the number may be one behind, never ahead. Two slots are written in turn, and a start writes that of
/// the newest number again, with the same bytes; bytes behind the checksum are 0. Integers are little-endian.
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
    static let contentBytes = 28
    /// Bytes of the file.
    static let byteCount = 2 * slotBytes
    private static let magic: UInt64 = 0x6765_5270_7473_6B4C

    private let fileSystem: any FileSystem
    private let directory: String
    let path: String
    private let incarnation: Incarnation
    /// Whether the highest number was written here, and not only read.
    private var isWritten = false
    /// The highest number noted; 0 where none is.
    package private(set) var newest: UInt64 = 0
    /// The slot that the next number goes to.
    private var nextSlot = 0
    /// The slot that the disk cannot read; it may hold the number behind `newest`.
    private var unreadableSlot: Int?
    /// The file, open as long as the log is, so that no note has to open it.
    private var file: (any File)?

    /// Reads what a directory of this incarnation has noted; nothing where it has no such file.
    ///
    /// Of two slots one may be unreadable: numbers are noted one by one, so it holds at most the one
    /// behind the number of the other. Then `leastNumber` is that one.
    package init(
        fileSystem: any FileSystem, layout: DataDirectoryLayout, incarnation: Incarnation
    ) throws(WALFailure) {
        self.fileSystem = fileSystem
        self.incarnation = incarnation
        directory = layout.root
        path = layout.segmentRegister
        let path = path
        let present = try reading { () throws(FileFailure) -> (any File)? in
            try fileSystem.exists(path) ? try fileSystem.open(path, .readOnly) : nil
        }
        guard let present else { return }
        defer { present.close() }
        var failure: FileFailure?
        for slot in 0..<2 {
            do throws(FileFailure) {
                let bytes = try present.read(at: slot * Self.slotBytes, count: Self.contentBytes)
                guard let number = Self.number(in: bytes, incarnation), number > newest else {
                    continue
                }
                newest = number
                nextSlot = 1 - slot
            } catch {
                guard error.kind == .other, failure == nil else { throw .file(error) }
                failure = error
                unreadableSlot = slot
            }
        }
        if let failure, newest == 0 { throw .file(failure) }
    }

    /// The number that the log's newest segment must have for nothing to be missing.
    var leastNumber: UInt64 {
        unreadableSlot == nil ? newest : newest + 1
    }

    /// What is wrong with a log whose newest segment has a smaller number than `leastNumber`.
    func missing(in log: String) -> WALFailure {
        let file = log + "/" + LogFileName.segment(leastNumber)
        guard let unreadableSlot else { return .segmentMissing(file: file) }
        return .unreadable(
            file: path, offset: unreadableSlot * Self.slotBytes,
            what: "it may name \(file), which is not there")
    }

    /// Opens the file, made where it is missing with room for both slots: from now on no note meets a
    /// lack of descriptors or a full disk.
    private func opened() throws(FileFailure) -> any File {
        if let file { return file }
        let isThere = try fileSystem.exists(path)
        let file = try fileSystem.open(path, isThere ? .readWrite : .create)
        do throws(FileFailure) {
            try file.preallocate(Self.byteCount)
            try file.sync()
            // What made it may have ended before this.
            try fileSystem.syncDirectory(directory)
        } catch {
            file.close()
            throw error
        }
        self.file = file
        return file
    }

    /// Notes a segment, durably.
    ///
    /// One that was read is written once more, where it was read: it may be in the page cache alone, and
    /// after a failed sync nothing else would write it.
    func note(_ number: UInt64) throws(FileFailure) {
        let file = try opened()
        guard number > newest else {
            guard !isWritten else { return }
            try file.write([encoded(newest)], at: (1 - nextSlot) * Self.slotBytes)
            try file.sync()
            isWritten = true
            return
        }
        try file.write([encoded(number)], at: nextSlot * Self.slotBytes)
        try file.sync()
        newest = number
        isWritten = true
        if unreadableSlot == nextSlot { unreadableSlot = nil }
        nextSlot = 1 - nextSlot
    }

    /// Whether the segment is noted, and the next one can be.
    func isReady(behind number: UInt64) -> Bool {
        file != nil && newest >= number
    }

    func close() {
        file?.close()
        file = nil
    }

    private func encoded(_ number: UInt64) -> [UInt8] {
        Self.encoded(number, incarnation)
    }

    static func encoded(_ number: UInt64, _ incarnation: Incarnation) -> [UInt8] {
        var writer = ByteWriter(capacity: slotBytes)
        writer.writeUInt64(magic)
        writer.writeUInt64(number)
        writer.writeUInt64(incarnation)
        writer.writeUInt32(Checksum.crc32c(writer.bytes))
        var bytes = writer.take()
        bytes += [UInt8](repeating: 0, count: slotBytes - bytes.count)
        return bytes
    }

    /// The number in a slot; nil where it was never written, is torn or of another incarnation.
    static func number(in bytes: [UInt8], _ incarnation: Incarnation) -> UInt64? {
        guard bytes.count >= contentBytes else { return nil }
        var reader = ByteReader(bytes, in: 0..<contentBytes)
        guard let found = try? reader.readUInt64(), found == magic,
            let number = try? reader.readUInt64(),
            let owner = try? reader.readUInt64(Incarnation.self), owner == incarnation,
            let checksum = try? reader.readUInt32(),
            checksum == Checksum.crc32c(bytes, in: 0..<contentBytes - 4)
        else { return nil }
        return number
    }
}
