import Codec
import Glibc
import Lockstep
import Wire

/// A connection that says just what it is told to, for what the client library never does.
///
/// Used by one task. Nothing is tried again; what goes wrong ends it.
final class RawConnection {
    private let descriptor: Int32
    private var splitter = MessageSplitter(limitBytes: Limits.standard.clientAnswerBytes)
    private var lastRequest: UInt32 = 0

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Connects and shakes hands with an IPv4 address; nil if that fails before the deadline.
    static func open(
        _ endpoint: Endpoint, until deadline: ContinuousClock.Instant
    ) async -> RawConnection? {
        let descriptor = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        let connection = RawConnection(descriptor)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = endpoint.port.bigEndian
        guard unsafe inet_pton(AF_INET, endpoint.host, &address.sin_addr) == 1 else { return nil }
        let code = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe connect(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if code != 0, errno != EINPROGRESS { return nil }
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

    /// Sends a request and returns its number; nil if it cannot be sent.
    func send(_ request: Request) -> RequestID? {
        lastRequest += 1
        var writer = ByteWriter()
        request.encode(RequestID(lastRequest), into: &writer)
        return write(writer.take()) ? RequestID(lastRequest) : nil
    }

    /// Waits for the answer to a request; nil if none comes before the deadline.
    func answer(
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
