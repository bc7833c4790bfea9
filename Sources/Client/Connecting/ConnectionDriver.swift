package import Codec
package import IOCore
import Identifiers
package import Wire

/// One connection to one node, on the loop: callbacks in, messages out, and no decision of its own.
///
/// Everything is called on the loop, callbacks too. `closed` is the last event and comes exactly once,
/// unless the owner calls `close` first; then no event follows. This is the lean way to the cluster:
/// a benchmark drives hundreds of these, the client library drives one for the leader.
package final class ConnectionDriver {
    package enum Event: Sendable {
        /// The handshake is done; requests may be sent.
        case ready(HandshakeAnswer)
        case response(RequestID, Response)
        case closed(Closing)
    }

    /// Why a connection ended that its owner did not close.
    package enum Closing: Sendable, Equatable, CustomStringConvertible {
        /// Could not connect, or the stream ended.
        case lost(String)
        /// This process has no descriptor for it.
        case lacking(String)
        case refused(HandshakeRefusal)
        case violation(String)

        package var description: String {
            switch self {
            case .lost(let reason), .lacking(let reason): reason
            case .refused(let refusal): refusal.description
            case .violation(let text): "the node broke the protocol: \(text)"
            }
        }
    }

    private enum State {
        case idle
        case connecting(TimerID)
        case shaking(any Connection, TimerID, HandshakeOpener)
        case open(any Connection)
        case closed
    }

    package let address: Address
    private let loop: any EventLoop
    private let network: any Network
    private let offer: HandshakeOffer
    private let limits: Limits
    private let connectMilliseconds: UInt64
    private var state = State.idle
    private var splitter: MessageSplitter
    private var handler: ((Event) -> Void)?
    private var writer = ByteWriter()

    package init(
        loop: any EventLoop, network: any Network, address: Address,
        offer: HandshakeOffer = HandshakeOffer(role: .client), limits: Limits = .standard,
        connectMilliseconds: UInt64 = 2_000
    ) {
        self.loop = loop
        self.network = network
        self.address = address
        self.offer = offer
        self.limits = limits
        self.connectMilliseconds = connectMilliseconds
        splitter = MessageSplitter(limitBytes: limits.clientAnswerBytes)
    }

    /// Whether requests may be sent.
    package var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    /// Bytes that the system has not taken yet.
    package var unsentBytes: Int {
        if case .open(let connection) = state { connection.unsentBytes } else { 0 }
    }

    /// Connects; once.
    package func start(_ handler: @escaping (Event) -> Void) {
        guard case .idle = state else { preconditionFailure("a connection is started twice") }
        self.handler = handler
        let bound = LoopBound(self, to: loop)
        let timer = loop.schedule(at: loop.now.advanced(milliseconds: connectMilliseconds)) {
            bound.value.connectTimedOut()
        }
        state = .connecting(timer)
        network.connect(to: address) { [self] result in connected(result) }
    }

    /// Sends one request; only while open.
    package func send(_ identifier: RequestID, _ request: Request) {
        guard case .open(let connection) = state else {
            preconditionFailure("request \(identifier) on a connection that is not open")
        }
        request.encode(identifier, into: &writer)
        connection.send(writer.take())
    }

    /// Sends several requests in one piece; only while open.
    package func send(_ requests: [(RequestID, Request)]) {
        guard !requests.isEmpty else { return }
        guard case .open(let connection) = state else {
            preconditionFailure("\(requests.count) requests on a connection that is not open")
        }
        for (identifier, request) in requests {
            request.encode(identifier, into: &writer)
        }
        connection.send(writer.take())
    }

    /// Closes, after what was sent has left if `flush`; no event follows.
    package func close(flush: Bool = false) {
        handler = nil
        end(flush: flush)
    }

    private func connectTimedOut() {
        switch state {
        case .connecting, .shaking:
            finish(.lost("no connection within \(connectMilliseconds) ms"))
        case .idle, .open, .closed:
            break
        }
    }

    private func connected(_ result: Result<any Connection, NetworkFailure>) {
        switch result {
        case .failure(let failure):
            finish(failure.isLackOfDescriptors ? .lacking("\(failure)") : .lost("\(failure)"))
        case .success(let connection):
            guard case .connecting(let timer) = state else {
                connection.close(flush: false)
                return
            }
            state = .shaking(connection, timer, HandshakeOpener(offer))
            connection.setHandler(self)
            connection.send(offer.encoded())
        }
    }

    private func shake(
        _ connection: any Connection, _ timer: TimerID, _ opener: HandshakeOpener, _ bytes: [UInt8]
    ) {
        var opener = opener
        switch opener.received(bytes) {
        case .needsMore:
            state = .shaking(connection, timer, opener)
        case .refused(let refusal):
            finish(.refused(refusal))
        case .accepted(let answer, let rest):
            loop.cancel(timer)
            state = .open(connection)
            handler?(.ready(answer))
            if !rest.isEmpty { received(rest) }
        }
    }

    private func deliver() {
        do throws(DecodingFailure) {
            while isOpen, var message = try splitter.next() {
                let identifier = RequestID(try message.body.readUInt32())
                let response = try Response.decode(
                    kind: message.kind, &message.body, limits: limits)
                handler?(.response(identifier, response))
            }
        } catch {
            finish(.violation("\(error)"))
        }
    }

    private func finish(_ closing: Closing) {
        guard let handler else {
            end(flush: false)
            return
        }
        self.handler = nil
        end(flush: false)
        handler(.closed(closing))
    }

    private func end(flush: Bool) {
        switch state {
        case .idle, .closed:
            break
        case .connecting(let timer):
            loop.cancel(timer)
        case .shaking(let connection, let timer, _):
            loop.cancel(timer)
            connection.close(flush: false)
        case .open(let connection):
            connection.close(flush: flush)
        }
        state = .closed
    }
}

extension ConnectionDriver: ConnectionHandler {
    package func received(_ bytes: [UInt8]) {
        switch state {
        case .shaking(let connection, let timer, let opener):
            shake(connection, timer, opener, bytes)
        case .open:
            splitter.append(bytes)
            deliver()
        case .idle, .connecting, .closed:
            break
        }
    }

    package func drained() {}

    package func closed(_ reason: String) {
        finish(.lost(reason))
    }
}
