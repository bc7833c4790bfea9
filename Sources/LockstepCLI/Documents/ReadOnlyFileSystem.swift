import IOCore
import IOPosix

/// Lets everything be read and nothing be changed: what would change a file is left undone without
/// a word, so that opening a log shows what recovery would do, and does not do it.
struct ReadOnlyFileSystem: FileSystem {
    let base: PosixFileSystem
    /// Told how many bytes each read has given.
    let didRead: @Sendable (Int) -> Void

    func open(_ path: String, _ mode: OpenMode) throws(FileFailure) -> any File {
        switch mode {
        case .readOnly, .readWrite:
            return ReadOnlyFile(base: try base.open(path, .readOnly), didRead: didRead)
        case .create:
            throw FileFailure(
                .permission, "create", path: path, reason: "this is only a look at the log")
        }
    }

    func list(_ directory: String) throws(FileFailure) -> [String] {
        try base.list(directory)
    }

    func exists(_ path: String) throws(FileFailure) -> Bool {
        try base.exists(path)
    }

    func makeDirectory(_ path: String) throws(FileFailure) {}

    func rename(_ source: String, to target: String) throws(FileFailure) {}

    func remove(_ path: String) throws(FileFailure) {}

    func removeTree(_ path: String) throws(FileFailure) {}

    func syncDirectory(_ path: String) throws(FileFailure) {}

    func freeBytes(_ path: String) throws(FileFailure) -> UInt64 {
        try base.freeBytes(path)
    }

    func lock(_ path: String) throws(FileFailure) -> any FileLock {
        // Without the file no node has ever run here, and what is missing tells itself.
        guard try base.exists(path) else { return NoLock() }
        return try base.lockForReading(path)
    }
}

/// What stands for the lock of a directory that has none.
private final class NoLock: FileLock {}

private final class ReadOnlyFile: File {
    private let base: any File
    private let didRead: @Sendable (Int) -> Void

    init(base: any File, didRead: @escaping @Sendable (Int) -> Void) {
        self.base = base
        self.didRead = didRead
    }

    var path: String {
        base.path
    }

    func size() throws(FileFailure) -> Int {
        try base.size()
    }

    func read(at offset: Int, count: Int) throws(FileFailure) -> [UInt8] {
        let bytes = try base.read(at: offset, count: count)
        didRead(bytes.count)
        return bytes
    }

    func write(_ buffers: [[UInt8]], at offset: Int) throws(FileFailure) {}

    func sync() throws(FileFailure) {}

    func preallocate(_ bytes: Int) throws(FileFailure) {}

    func truncate(to bytes: Int) throws(FileFailure) {}

    func close() {
        base.close()
    }
}
