import CLibuv
package import IOCore
import Identifiers

/// One TCP connection.
///
/// What is sent waits in `output` for the end of the turn, then goes out in one gathered write. What
/// the system does not take is handed to libuv, a bounded copy at a time, until the queue is empty.
/// A handler is never called from inside a call it makes: news of its own doing come in a later turn.
@safe package final class UVConnection: Connection {
    package let peer: Address
    private let loop: UVLoop
    private let socket: TCPHandle
    private let tuning: UVNetwork.Tuning
    private var phase = Phase.idle
    private var handler: (any ConnectionHandler)?
    private var output = OutputQueue()
    /// Whether libuv has a copy of the front of `output` and has not called back.
    private var isWriting = false
    private var isInFlushList = false
    /// Whether `unsentBytes` has been over the bound since the handler last heard `drained`.
    private var mustReportDrained = false
    private var deadline: TimerID?

    /// Bytes of the copy that is handed to libuv when the system takes no more.
    private static let chunkBytes = 256 << 10

    private static let ourEnd = "closed by this side"
    private static let peersEnd = "the peer closed the connection"

    private enum Phase {
        /// Not read, because nobody would hear it.
        case idle
        case open
        /// The peer has ended its direction; what it is still sent leaves, then this side closes.
        case ended
        /// Closes once `output` is empty; what arrives is dropped, and nothing more is sent.
        case flushing(peerHasEnded: Bool)
        /// Everything has left; waits for the peer to end, because closing over unread bytes would
        /// reset the connection and take what it has not read. The handler is told after it: until
        /// then the connection is one that its owner counts.
        case lingering
        case closing
        case closed
    }

    init(_ socket: TCPHandle, peer: Address, tuning: UVNetwork.Tuning) {
        self.loop = socket.loop
        self.socket = socket
        self.peer = peer
        self.tuning = tuning
        socket.setNoDelay()
        socket.onRead = { [self] event in heard(event) }
        socket.onLoopStop = { [self] in abort("the event loop stopped") }
    }

    package var unsentBytes: Int {
        loop.requireCurrent()
        return output.byteCount
    }

    package func setHandler(_ handler: any ConnectionHandler) {
        loop.requireCurrent()
        precondition(self.handler == nil, "connection \(peer) gets a second handler")
        switch phase {
        case .idle:
            self.handler = handler
            phase = .open
            socket.setReading(true)
        case .ended, .flushing, .lingering, .closing:
            self.handler = handler
        case .closed:
            loop.later { handler.closed("the connection was closed before") }
        case .open:
            preconditionFailure("connection \(peer) is open without a handler")
        }
    }

    package func send(_ bytes: [UInt8]) {
        loop.requireCurrent()
        switch phase {
        case .idle, .open, .ended:
            output.append(bytes)
            if output.byteCount > tuning.outputBoundBytes { mustReportDrained = true }
            requestFlush()
        case .flushing, .lingering, .closing, .closed:
            // It ended while the owner was at work: `closed` is on its way.
            return
        }
    }

    package func setReading(_ enabled: Bool) {
        loop.requireCurrent()
        guard case .open = phase else { return }
        socket.setReading(enabled)
    }

    package func endWhenSilent(milliseconds: UInt32) {
        loop.requireCurrent()
        guard socket.isOpen else { return }
        socket.endWhenSilent(milliseconds: milliseconds)
    }

    package func close(flush: Bool) {
        loop.requireCurrent()
        switch phase {
        case .idle, .open:
            guard flush else { return abort(Self.ourEnd) }
            beginFlushing(.flushing(peerHasEnded: false))
            // Read on, to hear of the peer's end.
            socket.setReading(true)
        case .ended:
            guard flush else { return abort(Self.ourEnd) }
            phase = .flushing(peerHasEnded: true)
        case .flushing:
            if !flush { abort(Self.ourEnd) }
        case .lingering:
            if !flush { abort(Self.ourEnd) }
        case .closing, .closed:
            return
        }
    }

    private func heard(_ event: ReadEvent) {
        switch (phase, event) {
        case (.open, .bytes(let bytes)):
            handler?.received(bytes)
        case (.open, .ended):
            // What this turn answers may still reach a peer that closed its direction only.
            beginFlushing(.ended)
        case (.flushing, .ended):
            phase = .flushing(peerHasEnded: true)
        case (.lingering, .ended), (.lingering, .failed):
            abort(Self.ourEnd)
        case (.open, .failed(let reason)), (.flushing, .failed(let reason)):
            abort(reason)
        case (.idle, _), (.ended, _), (.flushing, .bytes), (.lingering, .bytes), (.closing, _),
            (.closed, _):
            return
        }
    }

    private func requestFlush() {
        guard !isInFlushList, !isWriting else { return }
        isInFlushList = true
        loop.flushAtTurnEnd(self)
    }

    /// Offers `output` to the system; the loop calls it at the end of a turn.
    func flush() {
        isInFlushList = false
        guard socket.isOpen, !isWriting else { return }
        while output.byteCount > 0 {
            let taken = socket.tryWrite(output)
            if taken == UV_EAGAIN.rawValue { return writeLater() }
            guard taken >= 0 else { return abort("write: \(UVError.text(taken))") }
            output.consume(Int(taken))
        }
        outputIsEmpty()
    }

    private func writeLater() {
        isWriting = true
        let chunk = output.prefix(Self.chunkBytes)
        socket.write(chunk) { [self] status in
            isWriting = false
            guard socket.isOpen else { return }
            guard status == 0 else { return abort("write: \(UVError.text(status))") }
            output.consume(chunk.count)
            requestFlush()
        }
    }

    private func outputIsEmpty() {
        switch phase {
        case .ended:
            abort(Self.peersEnd)
        case .flushing(peerHasEnded: true):
            abort(Self.ourEnd)
        case .flushing(peerHasEnded: false):
            linger()
        case .idle, .open:
            guard mustReportDrained else { return }
            mustReportDrained = false
            loop.later { [self] in
                if case .open = phase { handler?.drained() }
            }
        case .lingering, .closing, .closed:
            return
        }
    }

    private func beginFlushing(_ phase: Phase) {
        self.phase = phase
        setDeadline(tuning.flushMilliseconds)
        requestFlush()
    }

    /// Ends our direction, and waits a moment for the peer's end.
    private func linger() {
        phase = .lingering
        setDeadline(tuning.lingerMilliseconds)
        socket.shutDown { _ in }
    }

    private func setDeadline(_ milliseconds: UInt64) {
        if let deadline { loop.cancel(deadline) }
        let me = LoopBound(self, to: loop)
        deadline = loop.schedule(at: loop.now.advanced(milliseconds: milliseconds)) {
            me.value.deadlineIsOver()
        }
    }

    private func deadlineIsOver() {
        deadline = nil
        switch phase {
        case .ended:
            abort("\(Self.peersEnd); \(output.byteCount) bytes could not be sent")
        case .flushing:
            abort("\(Self.ourEnd); \(output.byteCount) bytes could not be sent")
        case .lingering:
            abort(Self.ourEnd)
        case .idle, .open, .closing, .closed:
            return
        }
    }

    /// Closes at once; the handler, if it has not heard of the end, gets `reason`.
    private func abort(_ reason: String) {
        guard socket.isOpen else { return }
        if let deadline { loop.cancel(deadline) }
        deadline = nil
        phase = .closing
        output = OutputQueue()
        socket.close { [self] in
            phase = .closed
            tellClosed(reason)
        }
    }

    private func tellClosed(_ reason: String) {
        let handler = self.handler
        self.handler = nil
        handler?.closed(reason)
    }
}
