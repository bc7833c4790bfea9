import CLibuv
import Glibc
import IOCore

/// What a stream heard.
enum ReadEvent {
    case bytes([UInt8])
    case ended
    case failed(String)
}

/// What a TCP socket and a pipe have in common, *libuv uv_stream_t*.
@safe class StreamHandle: Handle {
    /// Hears what is read.
    var onRead: ((ReadEvent) -> Void)?
    /// Runs in place of a plain close when the loop stops.
    var onLoopStop: (() -> Void)?
    private var isReading = false

    final var stream: UnsafeMutablePointer<uv_stream_t> {
        unsafe memory.assumingMemoryBound(to: uv_stream_t.self)
    }

    final override func releaseCallbacks() {
        onRead = nil
        onLoopStop = nil
    }

    final override func loopIsStopping() {
        guard isOpen else { return }
        if let onLoopStop { onLoopStop() } else { close() }
    }

    /// Starts or stops reading; what is read lands in the loop's buffer and is copied out of it.
    final func setReading(_ enabled: Bool) {
        guard isOpen, enabled != isReading else { return }
        isReading = enabled
        guard enabled else {
            unsafe uv_read_stop(stream)
            return
        }
        let code = unsafe uv_read_start(
            stream,
            { pointer, _, buffer in
                let loop = unsafe Handle.owner(pointer?.pointee.data, as: StreamHandle.self).loop
                let memory = unsafe loop.readBuffer.baseAddress?.assumingMemoryBound(
                    to: CChar.self)
                unsafe buffer?.pointee = uv_buf_t(base: memory, len: loop.readBuffer.count)
            },
            { pointer, count, _ in
                unsafe Handle.owner(pointer?.pointee.data, as: StreamHandle.self).didRead(count)
            })
        precondition(code == 0, "uv_read_start: \(UVError.text(code))")
    }

    /// Offers the front of `output` to the system: the bytes taken, or libuv's error.
    final func tryWrite(_ output: OutputQueue) -> Int32 {
        unsafe output.withVector { vector in
            // The same two fields in the same order, *libuv uv_buf_t*.
            unsafe vector.withMemoryRebound(to: uv_buf_t.self) { buffers in
                unsafe uv_try_write(stream, buffers.baseAddress, UInt32(buffers.count))
            }
        }
    }

    /// Writes a copy of `bytes` as soon as the system takes them; `done` gets libuv's status.
    final func write(_ bytes: [UInt8], done: @escaping (Int32) -> Void) {
        let request = WriteRequest(bytes, on: loop, done: done)
        unsafe request.start(on: stream)
    }

    /// Ends our direction when all has been written.
    final func shutDown(done: @escaping (Int32) -> Void) {
        let code = unsafe ShutdownRequest(on: loop, done: done).start(on: stream)
        if code != 0 { loop.later { done(code) } }
    }

    private func didRead(_ count: Int) {
        guard isOpen else { return }
        if count > 0 {
            let read = unsafe UnsafeRawBufferPointer(rebasing: loop.readBuffer[..<count])
            // Made in one step, the array would be made by code that is not of this type alone.
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count)
            unsafe bytes.append(contentsOf: read)
            onRead?(.bytes(bytes))
        } else if count == Int(UVError.endOfFile) {
            isReading = false
            unsafe uv_read_stop(stream)
            onRead?(.ended)
        } else if count < 0 {
            isReading = false
            unsafe uv_read_stop(stream)
            onRead?(.failed("read: \(UVError.text(Int32(count)))"))
        }
    }
}

/// One uv_tcp_t.
@safe final class TCPHandle: StreamHandle {
    init(on loop: UVLoop) {
        unsafe super.init(UV_TCP, on: loop) { loop, memory in
            unsafe uv_tcp_init(loop, memory.assumingMemoryBound(to: uv_tcp_t.self))
        }
    }

    /// Takes over a connected socket, which it closes from now on; libuv's error otherwise.
    func open(_ descriptor: Int32) -> Int32 {
        unsafe uv_tcp_open(pointer, descriptor)
    }

    /// Sends small writes at once.
    func setNoDelay() {
        // It fails only for a socket that is gone, which the next call on it will tell.
        unsafe uv_tcp_nodelay(pointer, 1)
    }

    /// Has the system end a connection whose other end has been silent for so long, *tcp(7)*.
    ///
    /// What was sent and is not acknowledged, or not taken, ends it by TCP_USER_TIMEOUT, which also
    /// bounds how long an idle connection's probes, one each second, go unanswered.
    func endWhenSilent(milliseconds: UInt32) {
        var descriptor: uv_os_fd_t = -1
        let handle = unsafe memory.assumingMemoryBound(to: uv_handle_t.self)
        guard unsafe uv_fileno(handle, &descriptor) == 0 else { return }
        Self.set(SO_KEEPALIVE, of: SOL_SOCKET, to: 1, on: descriptor)
        let tcp = Int32(IPPROTO_TCP)
        Self.set(TCP_KEEPIDLE, of: tcp, to: 1, on: descriptor)
        Self.set(TCP_KEEPINTVL, of: tcp, to: 1, on: descriptor)
        Self.set(TCP_USER_TIMEOUT, of: tcp, to: Int32(clamping: milliseconds), on: descriptor)
    }

    private static func set(
        _ option: Int32, of level: Int32, to value: Int32, on descriptor: Int32
    ) {
        var value = value
        let size = socklen_t(MemoryLayout<Int32>.size)
        // It fails only for a socket that is gone, which the next call on it will tell.
        _ = unsafe setsockopt(descriptor, level, option, &value, size)
    }

    /// Connects; `done` gets libuv's status later, where the result is not an error at once.
    func connect(to address: SocketAddress, done: @escaping (Int32) -> Void) -> Int32 {
        unsafe ConnectRequest(on: loop, done: done).start(on: pointer, address)
    }

    private var pointer: UnsafeMutablePointer<uv_tcp_t> {
        unsafe memory.assumingMemoryBound(to: uv_tcp_t.self)
    }
}

/// One uv_pipe_t: our end of a child's standard stream.
@safe final class PipeHandle: StreamHandle {
    /// Takes over `descriptor`, which it closes from now on.
    init(on loop: UVLoop, descriptor: Int32) {
        unsafe super.init(UV_NAMED_PIPE, on: loop) { loop, memory in
            let pointer = unsafe memory.assumingMemoryBound(to: uv_pipe_t.self)
            unsafe uv_pipe_init(loop, pointer, 0)
            return unsafe uv_pipe_open(pointer, descriptor)
        }
    }
}
