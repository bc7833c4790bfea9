/// Byte streams between this node and others; every call and callback on the loop.
package protocol Network: AnyObject {
    /// Listens; `accept` gets every connection, which reads nothing before it has a handler.
    func listen(
        on address: Address, accept: @escaping (any Connection) -> Void
    ) throws(NetworkFailure) -> any Listener

    /// Connects once, without trying again; `done` comes later, never inside the call.
    func connect(
        to address: Address, done: @escaping (Result<any Connection, NetworkFailure>) -> Void
    )
}

package protocol Listener: AnyObject {
    /// The address with the port that was really bound.
    var address: Address { get }
    func close()
}

/// One stream.
///
/// TCP connections have TCP_NODELAY set.
///
/// `send` gathers: what one turn sends leaves in one write at its end. The owner looks at
/// `unsentBytes` to hold back, and gets `drained` when that has fallen to zero after having been over
/// `Limits.connectionOutputBytes`.
package protocol Connection: AnyObject {
    var peer: Address { get }
    /// Bytes given to `send` that the system has not taken.
    var unsentBytes: Int { get }
    /// Sets who hears of this connection, and starts reading. The connection keeps it strongly
    /// until `closed` has been delivered.
    func setHandler(_ handler: any ConnectionHandler)
    func send(_ bytes: [UInt8])
    /// Stops (`false`) or resumes reading, for backpressure.
    func setReading(_ enabled: Bool)
    /// Has the connection end where the other end's system answers nothing, or takes nothing of what
    /// was sent, for about so long; without it, that is found out after minutes, or never.
    func endWhenSilent(milliseconds: UInt32)
    /// Closes after what was sent has left, or at once; `closed` follows in a later turn.
    func close(flush: Bool)
}

extension Connection {
    /// Nothing, for a connection whose other end cannot vanish without a word.
    package func endWhenSilent(milliseconds: UInt32) {}
}

package protocol ConnectionHandler: AnyObject {
    /// Some bytes, in order, of any length over 0.
    func received(_ bytes: [UInt8])
    /// All that was unsent has left, after it had been over the bound.
    func drained()
    /// The last call: the peer's end or an error (`reason` says which), or our own `close`.
    func closed(_ reason: String)
}

/// Where to connect or listen: an IPv4 or IPv6 address in text, and a port.
package struct Address: Hashable, Sendable, CustomStringConvertible {
    package let host: String
    package let port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port` or `[v6]:port`; nil for anything else.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: port)
    }

    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool {
        host.hasPrefix("127.") || host == "::1" || host == "localhost"
    }
}

package struct NetworkFailure: Error, Sendable, CustomStringConvertible {
    package let operation: String
    package let address: Address
    package let reason: String
    /// Whether only another address or a privilege mends it, and no waiting.
    package let isOfConfiguration: Bool
    /// Whether this process, or its machine, has no descriptor left, which tells nothing of the address.
    package let isLackOfDescriptors: Bool

    package init(
        _ operation: String, _ address: Address, reason: String, isOfConfiguration: Bool = false,
        isLackOfDescriptors: Bool = false
    ) {
        self.operation = operation
        self.address = address
        self.reason = reason
        self.isOfConfiguration = isOfConfiguration
        self.isLackOfDescriptors = isLackOfDescriptors
    }

    package var description: String {
        "\(operation) \(address): \(reason)"
    }
}
