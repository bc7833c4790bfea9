import CLibuv

/// The memory of one libuv request, from its start to its callback.
///
/// There is a subclass for each kind. libuv holds a started request until it has called back, which
/// it does in every case; one that was refused at once is released by `start`.
@safe class Request {
    let loop: UVLoop
    let memory: UnsafeMutableRawPointer
    private var done: ((Int32) -> Void)?

    fileprivate init(_ kind: uv_req_type, on loop: UVLoop, done: @escaping (Int32) -> Void) {
        loop.requireCurrent()
        self.loop = loop
        self.done = done
        unsafe memory = .allocate(byteCount: uv_req_size(kind), alignment: 16)
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// Hands the request to libuv by `call`; the code is libuv's, and `done` runs only after a 0.
    fileprivate final func start(_ call: () -> Int32) -> Int32 {
        let held = unsafe Unmanaged.passRetained(self)
        unsafe memory.assumingMemoryBound(to: uv_req_t.self).pointee.data = held.toOpaque()
        let code = call()
        if code != 0 {
            done = nil
            unsafe held.release()
        }
        return code
    }

    /// Takes the request back from libuv and reports `status`.
    static func finish(_ data: UnsafeMutableRawPointer?, _ status: Int32) {
        guard let data = unsafe data else {
            preconditionFailure("a libuv request without its owner")
        }
        let request = unsafe Unmanaged<Request>.fromOpaque(data).takeRetainedValue()
        request.loop.turn.hasWorked = true
        let done = request.done
        request.done = nil
        done?(status)
    }
}

/// One uv_write_t with the bytes it writes.
@safe final class WriteRequest: Request {
    private let bytes: UnsafeMutableRawBufferPointer

    init(_ bytes: [UInt8], on loop: UVLoop, done: @escaping (Int32) -> Void) {
        unsafe self.bytes = .allocate(byteCount: bytes.count, alignment: 16)
        unsafe self.bytes.copyBytes(from: bytes)
        super.init(UV_WRITE, on: loop, done: done)
    }

    deinit {
        unsafe bytes.deallocate()
    }

    func start(on stream: UnsafeMutablePointer<uv_stream_t>) {
        var buffer = unsafe uv_buf_t(
            base: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), len: bytes.count)
        let code = start {
            unsafe uv_write(
                memory.assumingMemoryBound(to: uv_write_t.self), stream, &buffer, 1
            ) { unsafe Request.finish($0?.pointee.data, $1) }
        }
        precondition(code == 0, "uv_write: \(UVError.text(code))")
    }
}

/// One uv_shutdown_t.
@safe final class ShutdownRequest: Request {
    init(on loop: UVLoop, done: @escaping (Int32) -> Void) {
        super.init(UV_SHUTDOWN, on: loop, done: done)
    }

    /// libuv's error where the stream is not connected any more.
    func start(on stream: UnsafeMutablePointer<uv_stream_t>) -> Int32 {
        start {
            unsafe uv_shutdown(memory.assumingMemoryBound(to: uv_shutdown_t.self), stream) {
                unsafe Request.finish($0?.pointee.data, $1)
            }
        }
    }
}

/// One uv_connect_t.
@safe final class ConnectRequest: Request {
    init(on loop: UVLoop, done: @escaping (Int32) -> Void) {
        super.init(UV_CONNECT, on: loop, done: done)
    }

    func start(on tcp: UnsafeMutablePointer<uv_tcp_t>, _ address: SocketAddress) -> Int32 {
        start {
            unsafe address.withPointer { pointer, _ in
                unsafe uv_tcp_connect(
                    memory.assumingMemoryBound(to: uv_connect_t.self), tcp, pointer
                ) { unsafe Request.finish($0?.pointee.data, $1) }
            }
        }
    }
}

/// One uv_getaddrinfo_t: asks the system's resolver on libuv's own threads.
@safe final class ResolveRequest: Request {
    /// Asks for `host`; `done` gets its first address with `port`, or the reason why there is none.
    static func start(
        _ host: String, port: UInt16, on loop: UVLoop,
        done: @escaping (SocketAddress?, String) -> Void
    ) {
        var resolve: ResolveRequest?
        let request = ResolveRequest(UV_GETADDRINFO, on: loop) { status in
            let found = resolve?.takeResult(port)
            resolve = nil
            if status == 0, let found { done(found, "") } else { done(nil, UVError.text(status)) }
        }
        resolve = request
        let code = request.start {
            var hints = unsafe addrinfo()
            unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            return unsafe uv_getaddrinfo(
                loop.pointer, request.pointer,
                { request, status, _ in unsafe Request.finish(request?.pointee.data, status) },
                host, nil, &hints)
        }
        if code != 0 { loop.later { done(nil, UVError.text(code)) } }
    }

    private func takeResult(_ port: UInt16) -> SocketAddress? {
        guard let list = unsafe pointer.pointee.addrinfo else { return nil }
        defer { unsafe uv_freeaddrinfo(list) }
        guard let address = unsafe list.pointee.ai_addr else { return nil }
        return unsafe SocketAddress(address, port: port)
    }

    private var pointer: UnsafeMutablePointer<uv_getaddrinfo_t> {
        unsafe memory.assumingMemoryBound(to: uv_getaddrinfo_t.self)
    }
}
