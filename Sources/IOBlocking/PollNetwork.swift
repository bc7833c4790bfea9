import Glibc
package import IOCore

/// TCP of a client on one poll loop; it connects, and does not listen.
package final class PollNetwork: Network {
    private let loop: PollLoop

    package init(_ loop: PollLoop) {
        self.loop = loop
    }

    package func listen(
        on address: Address, accept: @escaping (any Connection) -> Void
    ) throws(NetworkFailure) -> any Listener {
        throw NetworkFailure("listen on", address, reason: "this network is a client's alone")
    }

    /// Connects without waiting; a name that is no literal address is resolved first, which may block.
    package func connect(
        to address: Address, done: @escaping (Result<any Connection, NetworkFailure>) -> Void
    ) {
        loop.requireCurrent()
        switch Self.open(address) {
        case .success(let descriptor):
            let connection = PollConnection(OwnedDescriptor(descriptor), peer: address, on: loop)
            connection.connect(done)
        case .failure(let failure):
            let done = LoopBound(done, to: loop)
            loop.post { done.value(.failure(failure)) }
        }
    }

    /// A socket that has begun to connect.
    private static func open(_ address: Address) -> Result<Int32, NetworkFailure> {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let host = address.host == "localhost" ? "127.0.0.1" : address.host
        let code = unsafe getaddrinfo(host, String(address.port), &hints, &found)
        guard code == 0, let first = unsafe found else {
            if let lack = lack(address) { return .failure(lack) }
            let reason = unsafe String(cString: gai_strerror(code))
            return .failure(NetworkFailure("connect to", address, reason: reason))
        }
        defer { unsafe freeaddrinfo(first) }
        let info = unsafe first.pointee
        let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = unsafe socket(info.ai_family, info.ai_socktype | flags, info.ai_protocol)
        guard descriptor >= 0 else { return .failure(failure(address)) }
        var one: Int32 = 1
        _ = unsafe setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        let status = unsafe Glibc.connect(descriptor, info.ai_addr, info.ai_addrlen)
        guard status == 0 || errno == EINPROGRESS || errno == EINTR else {
            let failure = failure(address)
            Glibc.close(descriptor)
            return .failure(failure)
        }
        return .success(descriptor)
    }

    private static func failure(_ address: Address) -> NetworkFailure {
        let code = errno
        return NetworkFailure(
            "connect to", address, reason: SystemError.text(code),
            isLackOfDescriptors: code == EMFILE || code == ENFILE)
    }

    /// The failure of a name that no descriptor was left to look up; the resolver does not tell why.
    private static func lack(_ address: Address) -> NetworkFailure? {
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue
        let descriptor = socket(AF_INET, Int32(kind), 0)
        guard descriptor < 0 else {
            Glibc.close(descriptor)
            return nil
        }
        let failure = failure(address)
        return failure.isLackOfDescriptors ? failure : nil
    }
}
