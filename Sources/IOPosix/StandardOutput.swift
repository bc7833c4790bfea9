import Glibc
import IOCore

/// The standard output of a program: what a full disk or a reader that has gone does not take was not
/// done.
package enum StandardOutput {
    /// The exit code where something could not be written, which `sysexits.h` calls EX_IOERR.
    package static let exitCode: Int32 = 74

    /// The error of the first write that has failed; 0 where none has.
    private static let failure = Locked<Int32>(0)

    /// Whether something could not be written.
    package static var isBroken: Bool { failure.withLock { $0 != 0 } }

    /// Makes a reader that has gone an error of the write, where it would be a signal that ends the
    /// process.
    package static func takeNoSignal() {
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// Writes the lines at once, unless it is broken.
    package static func write(_ lines: [String]) {
        write(text: lines.map { $0 + "\n" }.joined())
    }

    /// Writes what has its ends of line in it.
    package static func write(text: String) {
        failure.withLock { failure in
            if failure == 0 { failure = put(text, to: STDOUT_FILENO) }
        }
    }

    package static func write(_ line: String) {
        write([line])
    }

    /// Says on the standard error, as `program`, if something could not be written.
    ///
    /// - Returns: whether all was.
    package static func finish(as program: String) -> Bool {
        let code = failure.withLock { $0 }
        // Who has gone, as `head` does, wants to hear nothing.
        if code != 0, code != EPIPE {
            _ = put(
                "\(program): cannot write the output: \(SystemCall.reason(code))\n",
                to: STDERR_FILENO)
        }
        return code == 0
    }

    /// Writes all of `text`; the error with which that failed, or 0.
    private static func put(_ text: String, to descriptor: Int32) -> Int32 {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            }
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                return code
            }
            rest = rest.dropFirst(count)
        }
        return 0
    }
}
