import CTerminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The standard streams and files named on the command line, by plain system calls.
package enum Streams {
    /// Writes all of `text` to the standard output.
    static func write(_ text: String) throws(CommandFailure) {
        try write(Array(text.utf8))
    }

    static func write(_ bytes: [UInt8]) throws(CommandFailure) {
        if let failure = write(bytes, to: STDOUT_FILENO) { throw failure }
    }

    /// Writes all of `bytes` to an open descriptor; says why if that fails.
    package static func write(_ bytes: [UInt8], to descriptor: Int32) -> CommandFailure? {
        let code = send(bytes, to: descriptor)
        if code == 0 { return nil }
        // A reader that has gone (such as head) wants nothing more, messages included.
        let text = code == EPIPE ? "" : "cannot write the output: \(message(code))"
        return CommandFailure(.output, text)
    }

    /// Writes to the standard error; what it does not take is lost.
    static func writeError(_ text: String) {
        _ = send(Array(text.utf8), to: STDERR_FILENO)
    }

    static var outputIsTerminal: Bool {
        isatty(STDOUT_FILENO) == 1
    }

    static var errorIsTerminal: Bool {
        isatty(STDERR_FILENO) == 1
    }

    /// Columns of the terminal, from the environment, or else as the standard error or output knows
    /// them; 80 if nothing tells.
    static var terminalColumns: Int {
        let named = environment("COLUMNS").flatMap { Int($0) }
        let known = [STDERR_FILENO, STDOUT_FILENO].lazy
            .map { Int(lockstep_terminal_columns($0)) }.first { $0 > 0 }
        return (named ?? known).map { min(max($0, 20), 500) } ?? 80
    }

    static func environment(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// All bytes of a file, or of the standard input for `-`; at most `limitBytes`.
    static func read(_ path: String, limitBytes: Int) throws(CommandFailure) -> [UInt8] {
        if path == "-" { return try readAll(STDIN_FILENO, "standard input", limitBytes) }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        let code = errno
        guard descriptor >= 0 else {
            let name = path.isEmpty ? "\"\"" : path
            throw CommandFailure(.noInput, "cannot open \(name): \(message(code))")
        }
        defer { _ = close(descriptor) }
        return try readAll(descriptor, path, limitBytes)
    }

    private static func readAll(
        _ descriptor: Int32, _ name: String, _ limitBytes: Int
    ) throws(CommandFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe receive(descriptor, buffer)
            }
            guard count >= 0 else {
                throw CommandFailure(.noInput, "cannot read \(name): \(message(Int32(-count)))")
            }
            if count == 0 { return bytes }
            guard bytes.count + count <= limitBytes else {
                throw CommandFailure(
                    .malformedInput, "\(name) is larger than \(limitBytes) bytes; split it")
            }
            bytes += chunk[..<count]
        }
    }

    /// One read(2), again after a signal; minus the error number if it failed.
    private static func receive(
        _ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        while true {
            let count = unsafe systemRead(descriptor, buffer.baseAddress, buffer.count)
            let code = errno
            if count >= 0 { return count }
            if code != EINTR { return -Int(code) }
        }
    }

    /// Writes all of `bytes`; the error number if that fails, else 0.
    private static func send(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let (count, code) = unsafe rest.withUnsafeBytes { buffer in
                let count = unsafe systemWrite(descriptor, buffer.baseAddress, buffer.count)
                return (count, errno)
            }
            if count < 0 {
                if code == EINTR { continue }
                return code
            }
            rest = rest.dropFirst(count)
        }
        return 0
    }

    private static func message(_ code: Int32) -> String {
        unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }
}

private func systemRead(_ descriptor: Int32, _ to: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    unsafe read(descriptor, to, count)
}

private func systemWrite(_ descriptor: Int32, _ from: UnsafeRawPointer?, _ count: Int) -> Int {
    unsafe write(descriptor, from, count)
}
