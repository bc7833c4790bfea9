import CLibuv

/// One uv_timer_t.
@safe final class TimerHandle: Handle {
    private var fire: (() -> Void)?

    init(on loop: UVLoop, _ fire: @escaping () -> Void) {
        self.fire = fire
        unsafe super.init(UV_TIMER, on: loop) { loop, memory in
            unsafe uv_timer_init(loop, memory.assumingMemoryBound(to: uv_timer_t.self))
        }
    }

    /// Fires once, when the loop's clock has reached `milliseconds`; replaces what was set before.
    func start(atMilliseconds milliseconds: UInt64) {
        let now = unsafe uv_now(loop.pointer)
        let code = unsafe uv_timer_start(
            pointer, { unsafe Handle.owner($0?.pointee.data, as: TimerHandle.self).fire?() },
            milliseconds > now ? milliseconds - now : 0, 0)
        precondition(code == 0, "uv_timer_start: \(UVError.text(code))")
    }

    func stop() {
        unsafe uv_timer_stop(pointer)
    }

    override func releaseCallbacks() {
        fire = nil
    }

    private var pointer: UnsafeMutablePointer<uv_timer_t> {
        unsafe memory.assumingMemoryBound(to: uv_timer_t.self)
    }
}

/// One uv_prepare_t: runs before the loop looks for input.
@safe final class PrepareHandle: Handle {
    private var run: (() -> Void)?

    init(on loop: UVLoop, _ run: @escaping () -> Void) {
        self.run = run
        unsafe super.init(UV_PREPARE, on: loop) { loop, memory in
            let pointer = unsafe memory.assumingMemoryBound(to: uv_prepare_t.self)
            unsafe uv_prepare_init(loop, pointer)
            return unsafe uv_prepare_start(pointer) {
                unsafe Handle.owner($0?.pointee.data, as: PrepareHandle.self, isWork: false).run?()
            }
        }
    }

    override func releaseCallbacks() {
        run = nil
    }
}

/// One uv_signal_t.
@safe final class SignalHandle: Handle {
    private var receive: ((Int32) -> Void)?

    init(on loop: UVLoop, signal: Int32, _ receive: @escaping (Int32) -> Void) {
        self.receive = receive
        unsafe super.init(UV_SIGNAL, on: loop) { loop, memory in
            let pointer = unsafe memory.assumingMemoryBound(to: uv_signal_t.self)
            unsafe uv_signal_init(loop, pointer)
            return unsafe uv_signal_start(
                pointer,
                { pointer, signal in
                    unsafe Handle.owner(pointer?.pointee.data, as: SignalHandle.self)
                        .receive?(signal)
                }, signal)
        }
    }

    override func releaseCallbacks() {
        receive = nil
    }
}

/// One uv_poll_t on a descriptor that someone else closes, after this.
@safe final class PollHandle: Handle {
    private var readable: (() -> Void)?
    /// Runs in place of a plain close when the loop stops.
    var onLoopStop: (() -> Void)?

    init(on loop: UVLoop, descriptor: Int32, readable: @escaping () -> Void) {
        self.readable = readable
        unsafe super.init(UV_POLL, on: loop) { loop, memory in
            unsafe uv_poll_init(
                loop, memory.assumingMemoryBound(to: uv_poll_t.self), descriptor)
        }
    }

    func start() {
        let code = unsafe uv_poll_start(pointer, Int32(UV_READABLE.rawValue)) { pointer, _, _ in
            unsafe Handle.owner(pointer?.pointee.data, as: PollHandle.self).readable?()
        }
        precondition(code == 0, "uv_poll_start: \(UVError.text(code))")
    }

    func stop() {
        unsafe uv_poll_stop(pointer)
    }

    override func releaseCallbacks() {
        readable = nil
        onLoopStop = nil
    }

    override func loopIsStopping() {
        guard isOpen else { return }
        if let onLoopStop { onLoopStop() } else { close() }
    }

    private var pointer: UnsafeMutablePointer<uv_poll_t> {
        unsafe memory.assumingMemoryBound(to: uv_poll_t.self)
    }
}
