import Glibc
import IOCore

/// One TCP connection of a poll loop.
///
/// A handler is never called from inside a call it makes: news of its own doing come in a later turn.
/// The owner bounds the time of a connection attempt.
final class PollConnection: Connection, PolledStream {
    private enum Phase {
        case connecting((Result<any Connection, NetworkFailure>) -> Void)
        /// Not read, because nobody would hear it.
        case idle
        case open(any ConnectionHandler)
        case closed
    }

    let peer: Address
    private let loop: PollLoop
    private let descriptor: OwnedDescriptor
    private var phase = Phase.idle
    private var output = OutputQueue()
    private var isReading = true
    /// The system has taken no more; it is asked again when it says so.
    private var isFull = false
    /// More than `outputBytes` have waited since the handler last heard `drained`.
    private var wasOver = false

    /// Bytes that one call reads.
    private static let readBytes = 64 << 10
    /// Unsent bytes over which `drained` is told when they have left.
    private static let outputBytes = 8 << 20

    init(_ descriptor: OwnedDescriptor, peer: Address, on loop: PollLoop) {
        self.descriptor = descriptor
        self.peer = peer
        self.loop = loop
        loop.turn.streams[descriptor.number] = self
    }

    /// Waits for the attempt that the socket has begun.
    func connect(_ done: @escaping (Result<any Connection, NetworkFailure>) -> Void) {
        phase = .connecting(done)
    }

    var unsentBytes: Int {
        output.byteCount
    }

    func setHandler(_ handler: any ConnectionHandler) {
        loop.requireCurrent()
        switch phase {
        case .idle:
            phase = .open(handler)
        case .closed:
            tellLater(handler, "the connection was closed before")
        case .open, .connecting:
            preconditionFailure("connection \(peer) gets a second handler")
        }
    }

    func send(_ bytes: [UInt8]) {
        loop.requireCurrent()
        if case .closed = phase { return }
        output.append(bytes)
        if output.byteCount > Self.outputBytes { wasOver = true }
    }

    func setReading(_ enabled: Bool) {
        loop.requireCurrent()
        isReading = enabled
    }

    /// Closes; with `flush`, what the system takes at once still leaves.
    func close(flush: Bool) {
        loop.requireCurrent()
        if flush { write() }
        end("closed by this side")
    }

    var interest: Int16 {
        switch phase {
        case .connecting: Int16(POLLOUT)
        case .idle: isFull ? Int16(POLLOUT) : 0
        case .open: (isReading ? Int16(POLLIN) : 0) | (isFull ? Int16(POLLOUT) : 0)
        case .closed: 0
        }
    }

    var hasOutput: Bool {
        output.byteCount > 0 && !isFull
    }

    var isIntact: Bool {
        descriptor.isIntact
    }

    func ready(_ events: Int16) {
        if events & Int16(POLLNVAL) != 0 {
            lost()
            return
        }
        if case .connecting(let done) = phase {
            connected(done)
            return
        }
        if events & Int16(POLLOUT) != 0 {
            isFull = false
            flush()
        }
        if isReading, events & Int16(POLLIN | POLLHUP | POLLERR) != 0 { read() }
    }

    func flush() {
        if let reason = write() {
            end(reason)
        } else if wasOver, output.byteCount == 0, case .open(let handler) = phase {
            wasOver = false
            handler.drained()
        }
    }

    func abandon() {
        phase = .closed
        descriptor.close()
    }

    /// The program has closed the descriptor.
    private func lost() {
        let reason = "the program has closed descriptor \(descriptor.number)"
        if case .connecting(let done) = phase {
            end(reason)
            done(.failure(NetworkFailure("connect to", peer, reason: reason)))
        } else {
            end(reason)
        }
    }

    private func connected(_ done: (Result<any Connection, NetworkFailure>) -> Void) {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        let status = unsafe getsockopt(descriptor.number, SOL_SOCKET, SO_ERROR, &code, &length)
        phase = .idle
        guard status == 0, code == 0 else {
            end("")
            let reason = SystemError.text(status == 0 ? code : errno)
            done(.failure(NetworkFailure("connect to", peer, reason: reason)))
            return
        }
        done(.success(self))
    }

    private func read() {
        guard case .open(let handler) = phase else {
            end("the peer closed the connection")
            return
        }
        var count = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.readBytes) { buffer, filled in
            count = unsafe recv(descriptor.number, buffer.baseAddress, buffer.count, 0)
            filled = max(0, count)
        }
        if count > 0 {
            handler.received(bytes)
        } else if count == 0 {
            end("the peer closed the connection")
        } else if errno != EAGAIN, errno != EINTR {
            end(SystemError.text(errno))
        }
    }

    /// Offers `output` to the system; the reason where the connection is broken.
    @discardableResult
    private func write() -> String? {
        if case .connecting = phase { return nil }
        if case .closed = phase { return nil }
        while output.byteCount > 0 {
            let taken = unsafe output.withVector { vector in
                var message = unsafe msghdr()
                unsafe message.msg_iov = UnsafeMutablePointer(mutating: vector.baseAddress)
                unsafe message.msg_iovlen = vector.count
                return unsafe sendmsg(descriptor.number, &message, Int32(MSG_NOSIGNAL))
            }
            if taken < 0 {
                if errno == EINTR { continue }
                guard errno == EAGAIN else { return "write: \(SystemError.text(errno))" }
                isFull = true
                return nil
            }
            output.consume(taken)
        }
        return nil
    }

    /// Closes the descriptor at once; the handler hears of it in a later turn.
    private func end(_ reason: String) {
        let handler: (any ConnectionHandler)?
        switch phase {
        case .closed: return
        case .open(let present): handler = present
        case .idle, .connecting: handler = nil
        }
        phase = .closed
        output = OutputQueue()
        loop.turn.streams[descriptor.number] = nil
        descriptor.close()
        if let handler { tellLater(handler, reason) }
    }

    private func tellLater(_ handler: any ConnectionHandler, _ reason: String) {
        let handler = LoopBound(handler, to: loop)
        loop.post { handler.value.closed(reason) }
    }
}
