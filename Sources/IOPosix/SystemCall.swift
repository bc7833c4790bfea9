import Glibc
import IOCore

/// The one way of this module into the kernel.
enum SystemCall {
    /// Runs `call` until it is not interrupted, and returns its value, which is never -1.
    ///
    /// An error that only a mistake of ours can cause (a closed descriptor, a wild pointer) traps;
    /// any other is thrown as the failure of `operation` on `path`.
    @discardableResult
    static func run<Value: FixedWidthInteger & SignedInteger>(
        _ operation: String, _ path: String, _ call: () -> Value
    ) throws(FileFailure) -> Value {
        while true {
            let value = call()
            if value != -1 { return value }
            let code = errno
            if code == EINTR { continue }
            try fail(code, operation, path)
        }
    }

    /// The failure that error number `code` of `operation` on `path` means; traps for our mistakes.
    static func fail(
        _ code: Int32, _ operation: String, _ path: String
    ) throws(FileFailure) -> Never {
        precondition(
            code != EBADF && code != EFAULT, "\(operation) \(path): \(reason(code))")
        throw FileFailure(kind(code), operation, path: path, reason: reason(code))
    }

    static func kind(_ code: Int32) -> FileFailure.Kind {
        switch code {
        case ENOENT, ENOTDIR: .notFound
        case EEXIST, ENOTEMPTY: .exists
        case ENOSPC, EDQUOT: .noSpace
        case EMFILE, ENFILE: .noDescriptors
        case EACCES, EPERM, EROFS: .permission
        case EWOULDBLOCK: .locked
        default: .other
        }
    }

    /// The system's text for an error number.
    static func reason(_ code: Int32) -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let base = buffer.baseAddress else { return "error \(code)" }
            guard unsafe strerror_r(code, base, buffer.count) == 0 else { return "error \(code)" }
            return unsafe String(cString: base)
        }
    }
}
