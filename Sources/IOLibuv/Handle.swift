import CLibuv

/// The memory of one libuv handle, from its initialisation to its close callback.
///
/// There is a subclass for each kind, and nothing else touches the C type. Everything is on the loop
/// thread. libuv holds the value until it has closed the handle, and so does the loop, which closes
/// what is left when it stops. *libuv uv_close*.
@safe class Handle {
    let loop: UVLoop
    /// The handle's memory, as large and aligned as its kind asks.
    let memory: UnsafeMutableRawPointer
    private var phase = Phase.open
    private var afterClose: (() -> Void)?

    private enum Phase {
        case open
        case closing
        case closed
    }

    /// Allocates a handle of `kind` and calls `initialize`, which must succeed.
    init(
        _ kind: uv_handle_type, on loop: UVLoop,
        initialize: (UnsafeMutablePointer<uv_loop_t>, UnsafeMutableRawPointer) -> Int32
    ) {
        loop.requireCurrent()
        self.loop = loop
        unsafe memory = .allocate(byteCount: uv_handle_size(kind), alignment: 16)
        let code = unsafe initialize(loop.pointer, memory)
        precondition(code == 0, "handle \(kind.rawValue): \(UVError.text(code))")
        unsafe base.pointee.data = Unmanaged.passRetained(self).toOpaque()
        loop.register(self)
    }

    deinit {
        precondition(phase == .closed, "a libuv handle is released and was never closed")
        unsafe memory.deallocate()
    }

    var isOpen: Bool {
        phase == .open
    }

    /// Closes the handle, once; `done` runs when libuv has let go of it, in a later turn.
    final func close(_ done: (() -> Void)? = nil) {
        loop.requireCurrent()
        precondition(phase == .open, "a libuv handle is closed twice")
        phase = .closing
        afterClose = done
        unsafe uv_close(base) { pointer in
            guard let data = unsafe pointer?.pointee.data else {
                preconditionFailure("a libuv handle without its owner")
            }
            unsafe Unmanaged<Handle>.fromOpaque(data).takeRetainedValue().finishClose()
        }
    }

    /// What the loop does with this handle when it stops; the owner may have more to say.
    func loopIsStopping() {
        if isOpen { close() }
    }

    /// Lets go of the closures that the subclass holds; they often hold the handle.
    func releaseCallbacks() {}

    /// The handle as libuv's base type.
    final var base: UnsafeMutablePointer<uv_handle_t> {
        unsafe memory.assumingMemoryBound(to: uv_handle_t.self)
    }

    /// The owner that libuv's callback names by `data`; notes that this turn has had work.
    static func owner<Kind: Handle>(
        _ data: UnsafeMutableRawPointer?, as _: Kind.Type, isWork: Bool = true
    ) -> Kind {
        guard let data = unsafe data else {
            preconditionFailure("a libuv handle without its owner")
        }
        let owner = unsafe Unmanaged<Kind>.fromOpaque(data).takeUnretainedValue()
        if isWork { owner.loop.noteWork() }
        return owner
    }

    private func finishClose() {
        phase = .closed
        loop.unregister(self)
        loop.turn.hasWorked = true
        releaseCallbacks()
        let done = afterClose
        afterClose = nil
        done?()
    }
}

/// Words for libuv's error codes.
enum UVError {
    /// What `code` means, such as "address already in use".
    static func text(_ code: Int32) -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let base = buffer.baseAddress else { return "error \(code)" }
            return unsafe String(cString: uv_strerror_r(code, base, buffer.count))
        }
    }

    /// The end of a stream, which libuv reports as an error.
    static let endOfFile = UV_EOF.rawValue
}
