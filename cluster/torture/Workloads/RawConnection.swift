import Codec
import Glibc
package import Lockstep
package import Wire

/// A connection that says just what it is told to, for what the client library never does.
///
/// Used by one task. Nothing is tried again; what goes wrong ends it.
package final class RawConnection {
    private let descriptor: Int32
    private var splitter = MessageSplitter(limitBytes: Limits.standard.clientAnswerBytes)
    private var lastRequest: UInt32 = 0

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Connects and shakes hands with an address of IPv4 or IPv6, in digits; nil if that fails before
    /// the deadline.
    package static func open(
        _ endpoint: Endpoint, until deadline: ContinuousClock.Instant
    ) async -> RawConnection? {
        guard let connection = begin(endpoint) else { return nil }
        guard await connection.wait(for: POLLOUT, until: deadline) else { return nil }
        let offer = HandshakeOffer(role: .client)
        guard connection.write(offer.encoded()) else { return nil }
        var opener = HandshakeOpener(offer)
        while let bytes = await connection.read(until: deadline) {
            switch opener.received(bytes) {
            case .needsMore: continue
            case .refused: return nil
            case .accepted(_, let rest):
                connection.splitter.append(rest)
                return connection
            }
        }
        return nil
    }

    /// A socket that is about to be connected; nil where the address is none, or nobody is there.
    private static func begin(_ endpoint: Endpoint) -> RawConnection? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(endpoint.host, "\(endpoint.port)", &hints, &list) == 0,
            let first = unsafe list
        else { return nil }
        defer { unsafe freeaddrinfo(first) }
        let kind = unsafe first.pointee.ai_socktype | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = unsafe socket(first.pointee.ai_family, kind, 0)
        guard descriptor >= 0 else { return nil }
        let connection = RawConnection(descriptor)
        let code = unsafe connect(
            descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen)
        return code == 0 || errno == EINPROGRESS ? connection : nil
    }

    /// Sends a request and returns its number; nil if it cannot be sent.
    package func send(_ request: Request) -> RequestID? {
        lastRequest += 1
        var writer = ByteWriter()
        request.encode(RequestID(lastRequest), into: &writer)
        return write(writer.take()) ? RequestID(lastRequest) : nil
    }

    /// Waits for the answer to a request; nil if none comes before the deadline.
    package func answer(
        to identifier: RequestID, until deadline: ContinuousClock.Instant
    ) async -> Response? {
        do throws(DecodingFailure) {
            while true {
                while var message = try splitter.next() {
                    let number = RequestID(try message.body.readUInt32())
                    let response = try Response.decode(
                        kind: message.kind, &message.body, limits: .standard)
                    if number == identifier { return response }
                }
                guard let bytes = await read(until: deadline) else { return nil }
                splitter.append(bytes)
            }
        } catch {
            return nil
        }
    }

    /// Looks again every millisecond, so that no thread waits for a socket.
    private func wait(for events: Int32, until deadline: ContinuousClock.Instant) async -> Bool {
        while !Interruption.isRequested {
            var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            if unsafe poll(&entry, 1, 0) > 0 { return entry.revents & Int16(events) != 0 }
            guard ContinuousClock.now < deadline else { return false }
            do { try await Task.sleep(for: .milliseconds(1)) } catch { return false }
        }
        return false
    }

    /// What has come, at least one byte; nil at the end or after the deadline.
    private func read(until deadline: ContinuousClock.Instant) async -> [UInt8]? {
        guard await wait(for: POLLIN, until: deadline) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
        return count > 0 ? Array(bytes[..<count]) : nil
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        // Few bytes, which fit the system's buffer or the connection is stuck.
        unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            == bytes.count
    }
}
