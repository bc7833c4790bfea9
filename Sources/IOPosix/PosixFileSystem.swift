import Glibc
package import IOCore

/// The files of the operating system.
///
/// It has no state: what fails on purpose, counts or delays is put round it as a `FileSystem` of its
/// own. Every descriptor is closed on exec.
package struct PosixFileSystem: FileSystem {
    package init() {}

    package func open(_ path: String, _ mode: OpenMode) throws(FileFailure) -> any File {
        let flags =
            switch mode {
            case .readOnly: O_RDONLY
            case .readWrite: O_RDWR
            case .create: O_RDWR | O_CREAT | O_EXCL
            }
        let descriptor = try SystemCall.run("open", path) {
            // A pipe of that name would let the opening wait for its other end.
            unsafe Glibc.open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o644)
        }
        let file = PosixFile(path: path, descriptor: descriptor)
        try file.mustHavePlaces()
        return file
    }

    /// All bytes of what is read from its beginning to its end, such as a pipe.
    ///
    /// - Throws: also where there are more than `limitBytes`.
    package func readStream(_ path: String, limitBytes: Int) throws(FileFailure) -> [UInt8] {
        let descriptor = try SystemCall.run("open", path) {
            unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try SystemCall.run("read", path) {
                unsafe Glibc.read(descriptor, &part, part.count)
            }
            if count == 0 { return bytes }
            bytes += part[..<count]
            guard bytes.count <= limitBytes else {
                throw FileFailure(
                    .other, "read", path: path, reason: "more than \(limitBytes) bytes")
            }
        }
    }

    package func list(_ directory: String) throws(FileFailure) -> [String] {
        guard let stream = unsafe opendir(directory) else {
            let code = errno
            try SystemCall.fail(code, "opendir", directory)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                let code = errno
                if code == 0 { break }
                try SystemCall.fail(code, "readdir", directory)
            }
            let name = unsafe Self.name(of: entry)
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    package func exists(_ path: String) throws(FileFailure) -> Bool {
        try isDirectory(path) != nil
    }

    package func makeDirectory(_ path: String) throws(FileFailure) {
        do throws(FileFailure) {
            try SystemCall.run("mkdir", path) { unsafe mkdir(path, 0o755) }
        } catch {
            switch error.kind {
            case .exists:
                guard try isDirectory(path, followingLinks: true) == true else { throw error }
            case .notFound:
                guard let parent = Self.parent(of: path) else { throw error }
                try makeDirectory(parent)
                try SystemCall.run("mkdir", path) { unsafe mkdir(path, 0o755) }
            default:
                throw error
            }
        }
    }

    package func rename(_ source: String, to target: String) throws(FileFailure) {
        try SystemCall.run("rename", "\(source) to \(target)") {
            unsafe Glibc.rename(source, target)
        }
    }

    package func remove(_ path: String) throws(FileFailure) {
        try SystemCall.run("unlink", path) { unsafe unlink(path) }
    }

    package func removeTree(_ path: String) throws(FileFailure) {
        guard let isDirectory = try isDirectory(path) else { return }
        guard isDirectory else { return try remove(path) }
        for name in try list(path) {
            try removeTree("\(path)/\(name)")
        }
        try SystemCall.run("rmdir", path) { unsafe rmdir(path) }
    }

    package func syncDirectory(_ path: String) throws(FileFailure) {
        let descriptor = try SystemCall.run("open", path) {
            unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        defer { _ = close(descriptor) }
        try SystemCall.run("fsync", path) { fsync(descriptor) }
    }

    package func freeBytes(_ path: String) throws(FileFailure) -> UInt64 {
        var status = statvfs()
        try SystemCall.run("statvfs", path) { unsafe statvfs(path, &status) }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// Keeps those away who would change what the lock guards, as `lock` does, and changes nothing.
    package func lockForReading(_ path: String) throws(FileFailure) -> any FileLock {
        try PosixFileLock(reading: path)
    }

    package func lock(_ path: String) throws(FileFailure) -> any FileLock {
        try PosixFileLock(path: path)
    }

    /// Whether `path` is a directory; nil where nothing has that name.
    private func isDirectory(
        _ path: String, followingLinks: Bool = false
    ) throws(FileFailure) -> Bool? {
        var status = stat()
        do throws(FileFailure) {
            try SystemCall.run("stat", path) {
                unsafe followingLinks ? stat(path, &status) : lstat(path, &status)
            }
        } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
        return status.st_mode & S_IFMT == S_IFDIR
    }

    /// The path up to its last component; nil where there is none.
    private static func parent(of path: String) -> String? {
        var trimmed = path[...]
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        guard let slash = trimmed.lastIndex(of: "/"), slash > trimmed.startIndex else { return nil }
        return String(trimmed[..<slash])
    }

    /// The name in a directory entry, whose memory may be shorter than its C type.
    private static func name(of entry: UnsafeMutablePointer<dirent>) -> String {
        guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else {
            preconditionFailure("dirent has no name")
        }
        let start = unsafe UnsafeRawPointer(entry) + offset
        return unsafe String(cString: start.assumingMemoryBound(to: CChar.self))
    }
}
