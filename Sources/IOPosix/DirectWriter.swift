import CDirectIO
import Glibc
import IOCore

/// Writes of one file that go past the page cache, durable on return (`O_DIRECT`, `RWF_DSYNC`).
///
/// A short write and its fdatasync let the page cache begin a write-back, wait for it and let it end,
/// each time; this hands the bytes to the disk, and waits for the disk alone. Only whole blocks go that
/// way, so what the last of them holds is kept, and goes once more with what comes behind it. Only on file
/// systems of which it is known that they keep what that promises.
@safe final class DirectWriter {
    /// What a write begins and ends at a multiple of: no disk's sectors are larger.
    private static let blockBytes = 4_096
    /// Above this the page cache costs no more than the copy here.
    private static let mostBytes = 256 << 10

    /// -1 once closed.
    private var descriptor: Int32
    /// Blocks at an address that a disk can take them from.
    private var buffer: UnsafeMutableRawBufferPointer
    /// The length of the file: a write that ends behind it would make it longer by what is padded.
    private let fileBytes: Int
    /// Where the last write ended, whose last block begins at `tail` of the buffer.
    private var end: Int?
    private var tail = 0
    /// Whether the file system has turned such a write down; the next would fare no better.
    private(set) var isTurnedDown = false

    /// Opens the file of a descriptor once more; nil where its file system takes no such writes, or
    /// nothing can be opened.
    init?(of descriptor: Int32) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        fileBytes = Int(status.st_size)
        self.descriptor = lockstep_open_direct(descriptor)
        unsafe buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        if self.descriptor < 0 { return nil }
    }

    deinit {
        close()
    }

    func close() {
        guard descriptor >= 0 else { return }
        _ = Glibc.close(descriptor)
        descriptor = -1
        unsafe buffer.deallocate()
        unsafe buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// Writes `buffers` from `offset`, and zeroes behind them up to a multiple of `blockBytes`.
    ///
    /// - Parameter read: reads a part of the file, by offset and count; nil where it cannot.
    /// - Returns: false where it cannot be done so: then it is all to be written another way, and what
    ///   is in the file from `offset` on may be anything.
    func write(
        _ buffers: [[UInt8]], at offset: Int, path: String,
        read: (_ offset: Int, _ count: Int) -> [UInt8]?
    ) throws(FileFailure) -> Bool {
        let bytes = buffers.reduce(0) { $0 + $1.count }
        let head = offset % Self.blockBytes
        let padded = (head + bytes + Self.blockBytes - 1) / Self.blockBytes * Self.blockBytes
        let start = offset - head
        guard bytes > 0, padded <= Self.mostBytes, start + padded <= fileBytes else { return false }
        let present = end
        end = nil
        if present == offset {
            makeRoom(padded, keeping: head)
        } else {
            makeRoom(padded, keeping: 0)
            guard let old = read(start, head), old.count == head else { return false }
            unsafe buffer.copyBytes(from: old)
        }
        fill(buffers, from: head, to: padded)
        let written = try unsafe Self.write(
            UnsafeRawBufferPointer(rebasing: buffer[..<padded]), to: descriptor, at: start,
            path: path)
        isTurnedDown = written == nil
        guard written == padded else { return false }
        end = offset + bytes
        tail = (head + bytes) / Self.blockBytes * Self.blockBytes
        return true
    }

    /// Sees to it that the buffer has `bytes`, and that it begins with the last `kept` bytes.
    private func makeRoom(_ bytes: Int, keeping kept: Int) {
        if unsafe bytes <= buffer.count {
            guard kept > 0, tail > 0, let base = unsafe buffer.baseAddress else { return }
            unsafe base.copyMemory(from: base + tail, byteCount: kept)
            return
        }
        let room = unsafe UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(max(bytes, 2 * buffer.count), Self.mostBytes),
            alignment: Self.blockBytes)
        if kept > 0 {
            unsafe room.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: buffer[tail..<(tail + kept)]))
        }
        unsafe buffer.deallocate()
        unsafe buffer = room
    }

    private func fill(_ buffers: [[UInt8]], from start: Int, to end: Int) {
        var place = start
        for bytes in buffers {
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[place...]).copyBytes(from: bytes)
            place += bytes.count
        }
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[place..<end])
            .initializeMemory(as: UInt8.self, repeating: 0)
    }

    /// One call; how much it has written, or nil where the file system takes nothing of this kind.
    private static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int, path: String
    ) throws(FileFailure) -> Int? {
        while true {
            let written = unsafe lockstep_write_durable(
                descriptor, bytes.baseAddress, bytes.count, Int64(offset))
            if written >= 0 { return written }
            let code = errno
            switch code {
            case EINTR: continue
            // EPERM and EACCES: a filter of system calls that does not know this one.
            case EINVAL, EOPNOTSUPP, ENOSYS, EPERM, EACCES: return nil
            default: try SystemCall.fail(code, "pwritev2", path)
            }
        }
    }
}
