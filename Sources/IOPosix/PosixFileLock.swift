import Glibc
import IOCore

/// A lock of the whole file, held until this value is released or the process ends.
///
/// The kernel drops it with the descriptor, so none is left behind by a crash. The file keeps the
/// number of the process for the message to the next one; it is never removed.
final class PosixFileLock: FileLock {
    private let descriptor: Int32
    /// How long a lock is waited for whose holder is dead: a child that it had forked may hold it until
    /// that comes to exec.
    private static let deadHolderMilliseconds = 2_000
    private static let stepMilliseconds = 10

    init(path: String) throws(FileFailure) {
        let descriptor = try SystemCall.run("open", path) {
            unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        }
        do throws(FileFailure) {
            try Self.take(descriptor, path)
            try Self.sign(descriptor, path)
        } catch {
            _ = close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    /// A lock that others may have for reading as well; nothing is written.
    init(reading path: String) throws(FileFailure) {
        let descriptor = try SystemCall.run("open", path) {
            unsafe open(path, O_RDONLY | O_CLOEXEC)
        }
        do throws(FileFailure) {
            try Self.take(descriptor, path, LOCK_SH)
        } catch {
            _ = close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit {
        // Closing alone would leave it held by a child that has been forked and has not come to exec.
        _ = flock(descriptor, LOCK_UN)
        _ = close(descriptor)
    }

    private static func take(
        _ descriptor: Int32, _ path: String, _ mode: Int32 = LOCK_EX
    ) throws(FileFailure) {
        var waited = 0
        while true {
            do throws(FileFailure) {
                try SystemCall.run("lock", path) { flock(descriptor, mode | LOCK_NB) }
                return
            } catch {
                guard error.kind == .locked else { throw error }
                let holder = holder(descriptor)
                let isDead = holder.map { kill($0, 0) != 0 && errno == ESRCH } ?? true
                guard isDead, waited < deadHolderMilliseconds else {
                    let name = holder.map { "process \($0)" } ?? "another process"
                    throw FileFailure(
                        .locked, "lock", path: path,
                        reason: "it is held by \(name); stop that process first")
                }
                usleep(UInt32(stepMilliseconds * 1_000))
                waited += stepMilliseconds
            }
        }
    }

    /// Writes the number of this process in place of what the last holder left.
    private static func sign(_ descriptor: Int32, _ path: String) throws(FileFailure) {
        let text = Array("\(getpid())\n".utf8)
        try SystemCall.run("ftruncate", path) { ftruncate(descriptor, 0) }
        try SystemCall.run("pwrite", path) {
            unsafe text.withUnsafeBytes { bytes in
                unsafe pwrite(descriptor, bytes.baseAddress, bytes.count, 0)
            }
        }
    }

    /// The process that the file names; nil if it names none, or cannot be read.
    private static func holder(_ descriptor: Int32) -> pid_t? {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe pread(descriptor, buffer.baseAddress, buffer.count, 0)
        }
        let digits = bytes.prefix(max(0, count)).prefix { (0x30...0x39).contains($0) }
        return pid_t(String(decoding: digits, as: UTF8.self))
    }
}
