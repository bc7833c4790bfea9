import Glibc

/// The few things that the harness does with files.
enum Files {
    /// What an error number means.
    static func words(_ code: Int32) -> String {
        unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }

    /// The text of a file; nil if it cannot be read.
    static func read(_ path: String) -> String? {
        readBytes(path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of a file; nil if it cannot be read.
    static func readBytes(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe Glibc.read(descriptor, &part, part.count)
            if count < 0 { return nil }
            if count == 0 { return bytes }
            bytes += part[..<count]
        }
    }

    /// The bytes of a file whose first `lookBytes` the caller finds good; nil if it cannot be read, or if
    /// there are more than `mostBytes`.
    static func readBytes<Failure: Error>(
        _ path: String, mostBytes: Int, lookBytes: Int,
        look: ([UInt8]) throws(Failure) -> Void
    ) throws(Failure) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        if unsafe fstat(descriptor, &status) == 0, Int(status.st_size) > mostBytes {
            errno = EFBIG
            return nil
        }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        var isLookedAt = false
        while true {
            let count = unsafe Glibc.read(descriptor, &part, part.count)
            if count < 0 { return nil }
            bytes += part[..<count]
            if !isLookedAt, count == 0 || bytes.count >= lookBytes {
                try look(bytes)
                isLookedAt = true
            }
            if count == 0 { return bytes }
            guard bytes.count <= mostBytes else {
                errno = EFBIG
                return nil
            }
        }
    }

    static func write(_ text: String, to path: String) throws(TortureFailure) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw TortureFailure("cannot write \(path): \(Files.words(errno))")
        }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw TortureFailure("cannot write \(path): \(Files.words(errno))")
        }
    }

    /// Lets everybody run a file.
    static func makeExecutable(_ path: String) throws(TortureFailure) {
        guard unsafe chmod(path, 0o755) == 0 else {
            throw TortureFailure("cannot make \(path) executable: \(Files.words(errno))")
        }
    }

    /// Opens a file that is appended to; it is made if it is missing.
    static func openForAppending(_ path: String) throws(TortureFailure) -> Int32 {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw TortureFailure("cannot open \(path): \(Files.words(errno))")
        }
        return descriptor
    }

    /// Appends bytes to an open file; false if not all of them could be.
    static func append(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let rest = bytes[done...]
            let count = unsafe rest.withUnsafeBytes { part in
                unsafe Glibc.write(descriptor, part.baseAddress, part.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    static func writeError(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe Glibc.write(2, bytes, bytes.count)
    }

    /// Makes a folder, whose parent must be there; fails if it is there and `isNew`.
    static func makeFolder(_ path: String, isNew: Bool = false) throws(TortureFailure) {
        guard unsafe mkdir(path, 0o700) != 0 else { return }
        let code = errno
        if code == EEXIST {
            guard isNew else { return }
            throw TortureFailure("\(path) is there already; name a folder that is not there yet")
        }
        throw TortureFailure("cannot make the folder \(path): \(Files.words(code))")
    }

    /// The names in a folder but for the two of itself; none if it cannot be read.
    static func names(in folder: String) -> [String] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { characters in
                    unsafe String(cString: characters)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// What a symbolic link says; nil if it is none.
    static func link(_ path: String) -> String? {
        var text = [UInt8](repeating: 0, count: 256)
        let count = unsafe text.withUnsafeMutableBytes { bytes -> Int in
            guard let start = bytes.baseAddress else { return -1 }
            return unsafe readlink(path, start.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        return count >= 0 ? String(decoding: text[..<count], as: UTF8.self) : nil
    }

    /// The path without links; nil if there is nothing.
    static func resolve(_ path: String) -> String? {
        guard let found = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }

    /// Bytes of a file; nil if there is none.
    static func size(_ path: String) -> Int? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// Why a file cannot be run as a program, in words; nil if it can.
    static func objection(toProgram path: String) -> String? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return Files.words(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { return "no file" }
        return unsafe access(path, X_OK) == 0 ? nil : Files.words(errno)
    }

    /// Empties a file that somebody may be appending to.
    static func empty(_ path: String) {
        unsafe truncate(path, 0)
    }
}
