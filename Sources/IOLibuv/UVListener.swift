import CLibuv
import Glibc
import IOCore
import Identifiers

/// A listening TCP socket.
///
/// It accepts by itself rather than by libuv's listener, which answers a lack of descriptors by
/// accepting and dropping every peer: here accepting rests for a moment, and peers wait in the
/// backlog meanwhile.
@safe final class UVListener: Listener {
    let address: Address
    private let loop: UVLoop
    private let descriptor: Int32
    private let tuning: UVNetwork.Tuning
    private var poll: PollHandle?
    private var accept: ((any Connection) -> Void)?
    private var failed: (NetworkFailure) -> Void

    /// Peers accepted in one turn; the others are met again in the next.
    private static let acceptsPerTurn = 64
    private static let backlog: Int32 = 1_024

    init(
        on loop: UVLoop, _ address: Address, tuning: UVNetwork.Tuning,
        accept: @escaping (any Connection) -> Void, failed: @escaping (NetworkFailure) -> Void
    ) throws(NetworkFailure) {
        self.loop = loop
        self.tuning = tuning
        self.accept = accept
        self.failed = failed
        (descriptor, self.address) = try Self.open(address)
        let poll = PollHandle(on: loop, descriptor: descriptor) { [unowned self] in acceptAll() }
        self.poll = poll
        poll.onLoopStop = { [self] in close() }
        poll.start()
    }

    func close() {
        loop.requireCurrent()
        guard let poll = poll.take() else { return }
        accept = nil
        // The loop's poller must have forgotten the descriptor before it is closed.
        poll.close { [self] in _ = Glibc.close(descriptor) }
    }

    private func acceptAll() {
        for _ in 0..<Self.acceptsPerTurn {
            guard let accept else { return }
            let (socket, peer) = unsafe SocketAddress.read { address, length in
                let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
                return unsafe accept4(descriptor, address, &length, flags)
            }
            if socket >= 0 {
                take(socket, peer ?? Address(host: "unknown", port: 0), accept)
                continue
            }
            let code = errno
            switch code {
            case EAGAIN: return
            case EINTR, ECONNABORTED: continue
            default: return rest(code)
            }
        }
    }

    private func take(_ socket: Int32, _ peer: Address, _ accept: (any Connection) -> Void) {
        let handle = TCPHandle(on: loop)
        let code = handle.open(socket)
        guard code == 0 else {
            _ = Glibc.close(socket)
            handle.close()
            return failed(NetworkFailure("accept", address, reason: UVError.text(code)))
        }
        accept(UVConnection(handle, peer: peer, tuning: tuning))
    }

    /// Leaves the peers in the backlog for a moment, for want of descriptors or memory.
    private func rest(_ code: Int32) {
        poll?.stop()
        let milliseconds = tuning.acceptRestMilliseconds
        let me = LoopBound(self, to: loop)
        _ = loop.schedule(at: loop.now.advanced(milliseconds: milliseconds)) {
            me.value.poll?.start()
        }
        failed(
            NetworkFailure(
                "accept", address,
                reason: "\(UVError.text(-code)); accepting again in \(milliseconds) ms"))
    }

    /// Makes the socket: its descriptor, and its address with the port that was bound.
    private static func open(_ address: Address) throws(NetworkFailure) -> (Int32, Address) {
        guard let wanted = SocketAddress(address) else {
            throw NetworkFailure(
                "listen on", address, reason: "the host is not an IPv4 or IPv6 address",
                isOfConfiguration: true)
        }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(wanted.family, kind, 0)
        guard descriptor >= 0 else { throw failure(errno, address) }
        var one: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        let reuse = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, size)
        precondition(reuse == 0, "setsockopt SO_REUSEADDR")
        guard unsafe wanted.withPointer({ unsafe bind(descriptor, $0, $1) }) == 0,
            listen(descriptor, backlog) == 0
        else {
            let code = errno
            _ = Glibc.close(descriptor)
            throw failure(code, address)
        }
        let (_, bound) = unsafe SocketAddress.read { unsafe getsockname(descriptor, $0, &$1) }
        return (descriptor, Address(host: address.host, port: bound?.port ?? address.port))
    }

    private static func failure(_ code: Int32, _ address: Address) -> NetworkFailure {
        let hint =
            switch code {
            case EADDRINUSE: "; another process listens there"
            case EACCES: "; ports below 1024 need a privilege"
            case EADDRNOTAVAIL: "; no interface of this machine has that address"
            default: ""
            }
        return NetworkFailure(
            "listen on", address, reason: UVError.text(-code) + hint,
            isOfConfiguration: code == EACCES || code == EADDRNOTAVAIL)
    }
}
