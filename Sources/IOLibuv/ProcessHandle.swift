import CLibuv
import Glibc
import IOCore

/// One uv_process_t: a child in a session, and so a process group, of its own.
@safe final class ProcessHandle: Handle {
    private var exited: ((_ status: Int64, _ signal: Int32) -> Void)?
    /// Runs when the loop stops, in place of a close: the child is to be waited for.
    var onLoopStop: (() -> Void)?
    /// Why there is no child; nil where it runs.
    private(set) var startFailure: String?

    /// Starts the program with `descriptors` as its standard input, output and error, and no other.
    ///
    /// The handle must be closed also where `startFailure` is set.
    init(
        on loop: UVLoop, _ request: ProcessRequest, descriptors: [Int32],
        exited: @escaping (_ status: Int64, _ signal: Int32) -> Void
    ) {
        self.exited = exited
        var code: Int32 = 0
        unsafe super.init(UV_PROCESS, on: loop) { loop, memory in
            let process = unsafe memory.assumingMemoryBound(to: uv_process_t.self)
            // uv_spawn initialises the handle whatever becomes of the child.
            code = unsafe Self.spawn(loop, process, request, descriptors)
            return 0
        }
        if code != 0 { startFailure = UVError.text(code) }
    }

    override func releaseCallbacks() {
        exited = nil
        onLoopStop = nil
    }

    override func loopIsStopping() {
        guard isOpen else { return }
        if let onLoopStop { onLoopStop() } else { close() }
    }

    /// Kills the child with what it has started and left in its group.
    ///
    /// The group keeps the child's number after its end, as long as a member lives.
    func killGroup() {
        let child = unsafe memory.assumingMemoryBound(to: uv_process_t.self).pointee.pid
        // An error says that nothing is left to kill.
        if child > 0 { _ = kill(-child, SIGKILL) }
    }

    private static func spawn(
        _ loop: UnsafeMutablePointer<uv_loop_t>, _ process: UnsafeMutablePointer<uv_process_t>,
        _ request: ProcessRequest, _ descriptors: [Int32]
    ) -> Int32 {
        let arguments = CStrings([request.executable] + request.arguments)
        let environment = CStrings(
            request.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
        let directory = CStrings(request.workingDirectory.map { [$0] } ?? [])
        var streams = unsafe descriptors.map { descriptor in
            var stream = unsafe uv_stdio_container_t()
            unsafe stream.flags = UV_INHERIT_FD
            unsafe stream.data.fd = descriptor
            return unsafe stream
        }
        return unsafe streams.withUnsafeMutableBufferPointer { streams in
            var options = unsafe uv_process_options_t()
            unsafe options.exit_cb = { process, status, signal in
                unsafe Handle.owner(process?.pointee.data, as: ProcessHandle.self)
                    .exited?(status, signal)
            }
            unsafe options.file = UnsafePointer(arguments.pointer[0])
            unsafe options.args = arguments.pointer
            unsafe options.env = environment.pointer
            unsafe options.cwd = UnsafePointer(directory.pointer[0])
            unsafe options.flags = UInt32(UV_PROCESS_DETACHED.rawValue)
            unsafe options.stdio_count = Int32(streams.count)
            unsafe options.stdio = streams.baseAddress
            return withExtendedLifetime((arguments, environment, directory)) {
                unsafe uv_spawn(loop, process, &options)
            }
        }
    }
}

/// A list of C strings with a null behind it, as `execve` takes.
@safe private final class CStrings {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        unsafe pointer = .allocate(capacity: count + 1)
        unsafe pointer.initialize(repeating: nil, count: count + 1)
        for (index, string) in strings.enumerated() {
            unsafe pointer[index] = strdup(string)
        }
    }

    deinit {
        for index in 0..<count { unsafe free(pointer[index]) }
        unsafe pointer.deallocate()
    }
}
