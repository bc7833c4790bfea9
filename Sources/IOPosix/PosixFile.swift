import Glibc
package import IOCore

/// A file of the operating system; used by one thread at a time.
///
/// Released without `close()` it closes itself, because a failed operation must be able to throw
/// past it.
package final class PosixFile: File {
    package let path: String
    /// -1 once closed.
    private var descriptor: Int32
    /// For `append`, from its first call on; nil as well where the file system has no such writes.
    private var direct: DirectWriter?
    private var mayBeDirect = true
    /// How many appends went past the page cache.
    package private(set) var directAppends = 0

    /// Bytes written at once when a file is filled with zeroes.
    private static let zeroChunkBytes = 1 << 20

    init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        close()
    }

    package func size() throws(FileFailure) -> Int {
        Int(try status().st_size)
    }

    /// Refuses a pipe and a directory, which have no bytes at a place.
    func mustHavePlaces() throws(FileFailure) {
        let type = try status().st_mode & S_IFMT
        guard type != S_IFIFO, type != S_IFDIR else {
            let found = type == S_IFIFO ? "a pipe" : "a directory"
            throw FileFailure(.other, "open", path: path, reason: "is \(found), not a file")
        }
    }

    private func status() throws(FileFailure) -> stat {
        var status = stat()
        let descriptor = openDescriptor
        try SystemCall.run("fstat", path) { unsafe fstat(descriptor, &status) }
        return status
    }

    package func read(at offset: Int, count: Int) throws(FileFailure) -> [UInt8] {
        precondition(offset >= 0 && count >= 0, "read of \(count) bytes at \(offset) of \(path)")
        let descriptor = openDescriptor
        var failure: FileFailure?
        // The length may come from a damaged header: never allocate more than the file can give.
        let available = max(0, try size() - offset)
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: min(count, available)) {
            buffer, filled in
            while filled < buffer.count {
                let rest = unsafe UnsafeMutableBufferPointer(rebasing: buffer[filled...])
                let position = off_t(offset + filled)
                do throws(FileFailure) {
                    let read = try SystemCall.run("pread", path) {
                        unsafe pread(descriptor, rest.baseAddress, rest.count, position)
                    }
                    if read == 0 { return }
                    filled += read
                } catch {
                    failure = error
                    return
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }

    package func write(_ buffers: [[UInt8]], at offset: Int) throws(FileFailure) {
        precondition(offset >= 0, "write at \(offset) of \(path)")
        let descriptor = openDescriptor
        // What it knows of the file's end may not be true any more.
        endAppending()
        var position = offset
        var first = 0
        var skipped = 0
        while true {
            while first < buffers.count, skipped == buffers[first].count {
                first += 1
                skipped = 0
            }
            if first == buffers.count { return }
            var written = try SystemCall.run("pwritev", path) {
                unsafe GatheredBytes.withVector(of: buffers, from: first, skipping: skipped) {
                    vector in
                    unsafe pwritev(
                        descriptor, vector.baseAddress, Int32(vector.count), off_t(position))
                }
            }
            position += written
            while first < buffers.count, written >= buffers[first].count - skipped {
                written -= buffers[first].count - skipped
                first += 1
                skipped = 0
            }
            skipped += written
        }
    }

    package func sync() throws(FileFailure) {
        let descriptor = openDescriptor
        try SystemCall.run("fdatasync", path) { fdatasync(descriptor) }
    }

    package func append(_ buffers: [[UInt8]], at offset: Int) throws(FileFailure) {
        precondition(offset >= 0, "append at \(offset) of \(path)")
        if direct == nil, mayBeDirect {
            direct = DirectWriter(of: openDescriptor)
            mayBeDirect = direct != nil
        }
        if let direct {
            let isDone = try direct.write(buffers, at: offset, path: path) { (offset, count) in
                try? read(at: offset, count: count)
            }
            if isDone {
                directAppends += 1
                return
            }
            mayBeDirect = !direct.isTurnedDown
        }
        try write(buffers, at: offset)
        try sync()
    }

    package func endAppending() {
        direct?.close()
        direct = nil
    }

    /// Writes zeroes from the present end up to `bytes`.
    ///
    /// Writing allocates; `fallocate` would leave extents that each later sync has to convert. After
    /// a failure in between the size tells how far it went, and a second call completes it. What is
    /// in the file already is left as it is, and a longer file is not shortened.
    package func preallocate(_ bytes: Int) throws(FileFailure) {
        precondition(bytes >= 0, "preallocation of \(bytes) bytes of \(path)")
        let descriptor = openDescriptor
        endAppending()
        var position = try size()
        guard position < bytes else { return }
        let zeroes = [UInt8](repeating: 0, count: min(Self.zeroChunkBytes, bytes - position))
        while position < bytes {
            let count = min(zeroes.count, bytes - position)
            position += try SystemCall.run("pwrite", path) {
                unsafe zeroes.withUnsafeBytes { buffer in
                    unsafe pwrite(descriptor, buffer.baseAddress, count, off_t(position))
                }
            }
        }
    }

    package func truncate(to bytes: Int) throws(FileFailure) {
        precondition(bytes >= 0, "truncation of \(path) to \(bytes) bytes")
        let descriptor = openDescriptor
        endAppending()
        try SystemCall.run("ftruncate", path) { ftruncate(descriptor, off_t(bytes)) }
    }

    package func close() {
        guard descriptor >= 0 else { return }
        endAppending()
        // On Linux the descriptor is gone whatever close says; what it could report about the data
        // has been asked of fdatasync before.
        _ = Glibc.close(descriptor)
        descriptor = -1
    }

    private var openDescriptor: Int32 {
        precondition(descriptor >= 0, "\(path) is used after it was closed")
        return descriptor
    }
}
