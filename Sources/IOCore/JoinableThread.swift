import Glibc

/// A thread of the system that runs one closure and is joined by whoever started it.
@safe package final class JoinableThread: Sendable {
    private let handle: pthread_t
    private let joined = Locked(false)

    /// Starts `body` on a new thread; the first 15 bytes of `name` are seen in `ps` and debuggers.
    package init(name: String, _ body: @escaping @Sendable () -> Void) {
        let start = unsafe Unmanaged.passRetained(ThreadStart(name: name, body: body))
        var handle = pthread_t()
        let code = unsafe pthread_create(&handle, nil, runThread, start.toOpaque())
        precondition(code == 0, "pthread_create for \(name): error \(code)")
        self.handle = handle
    }

    /// Waits until the body has returned; once, and never from the thread itself.
    package func join() {
        let again = joined.withLock { joined in
            defer { joined = true }
            return joined
        }
        precondition(!again, "a thread is joined twice")
        let code = pthread_join(handle, nil)
        precondition(code == 0, "pthread_join: error \(code)")
    }

    deinit {
        precondition(joined.withLock { $0 }, "a thread is released and was never joined")
    }

    /// A number that tells the calling thread from every other that runs.
    package static var current: UInt {
        UInt(pthread_self())
    }
}

private final class ThreadStart: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument = unsafe argument else { preconditionFailure("a thread without a body") }
    let start = unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    setThreadName(start.name)
    start.body()
    return nil
}

/// Names the calling thread; a system that does not let us leaves it with the process's name.
private func setThreadName(_ name: String) {
    let file = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    let bytes = Array(name.utf8.prefix(15))
    _ = unsafe bytes.withUnsafeBytes { unsafe write(file, $0.baseAddress, $0.count) }
    _ = close(file)
}
