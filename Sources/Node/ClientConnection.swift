import Codec
import IOCore
import Identifiers
import Logging
import Replication
import Sessions
import Transactions
import Wire

/// One client: its protocol state on one side, its connection on the other.
final class ClientConnection: ConnectionHandler {
    /// Its place in the order in which connections came.
    let number: UInt64
    private unowned let port: ClientPort
    private let connection: any Connection
    private let gate: AnswerGate
    private var session: ClientSession
    private var watches: [RequestID: WatchDelivery] = [:]
    private var handshakeTimer: TimerID?
    private var isClosed = false

    private static let handshakeMilliseconds: UInt64 = 10_000

    init(
        _ connection: any Connection, number: UInt64, port: ClientPort,
        identity: HandshakeAcceptor.Identity, refusal: HandshakeRefusal?
    ) {
        self.connection = connection
        self.number = number
        self.port = port
        gate = AnswerGate(
            connection, replica: port.service.replica, bound: port.limits.connectionOutputBytes)
        session = ClientSession(identity: identity, limits: port.limits, refusal: refusal)
    }

    private var watchesInOrder: [WatchDelivery] {
        watches.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value)
    }

    func start() {
        let back = LoopBound(self, to: port.loop)
        let deadline = port.loop.now.advanced(milliseconds: Self.handshakeMilliseconds)
        handshakeTimer = port.loop.schedule(at: deadline) {
            back.value.handshakeTimedOut()
        }
        connection.setHandler(self)
    }

    /// Answers what is under way, refuses more, then closes.
    func drain(reason: String) {
        perform(session.drain(reason: reason))
    }

    func close() {
        finish()
        connection.close(flush: false)
    }

    // MARK: ConnectionHandler

    func received(_ bytes: [UInt8]) {
        guard !isClosed else { return }
        perform(session.received(bytes))
        account()
        if handshakeTimer != nil, !session.awaitsHandshake {
            cancelHandshakeTimer()
        }
    }

    func drained() {
        perform(session.outputDrained())
        account()
        for watch in watchesInOrder {
            watch.proceed()
        }
    }

    func closed(_ reason: String) {
        finish()
        port.ended(self)
    }

    private func finish() {
        guard !isClosed else { return }
        isClosed = true
        cancelHandshakeTimer()
        session.connectionClosed()
        gate.close()
        for watch in watchesInOrder {
            watch.stop()
        }
        watches = [:]
    }

    private func cancelHandshakeTimer() {
        if let handshakeTimer { port.loop.cancel(handshakeTimer) }
        handshakeTimer = nil
    }

    private func handshakeTimedOut() {
        handshakeTimer = nil
        if session.awaitsHandshake { close() }
    }

    // MARK: Actions

    private func perform(_ actions: [ClientSession.Action]) {
        for action in actions {
            // An answer that was given at once may have closed the connection.
            guard !isClosed else { return }
            switch action {
            case .send(let bytes):
                connection.send(bytes)
            case .perform(let identifier, let request):
                serve(identifier, request)
            case .creditGranted(let identifier):
                watches[identifier]?.proceed()
            case .cancelWatch(let identifier):
                end(identifier, .cancelled)
            case .watchRefused(let identifier):
                watches.removeValue(forKey: identifier)?.stop()
            case .setReading(let enabled):
                connection.setReading(enabled)
            case .close(let reason):
                port.logger.debug("client leaves", metadata: ["why": "\(reason)"])
                finish()
                connection.close(flush: true)
            }
        }
        guard !isClosed else { return }
        if connection.unsentBytes > port.limits.connectionOutputBytes {
            let more = session.outputFilled()
            if !more.isEmpty { perform(more) }
        }
        gate.outputChanged()
    }

    func answer(_ identifier: RequestID, _ response: Response) {
        guard !isClosed else { return }
        perform(session.answered(identifier, response))
        account()
    }

    /// What is kept for the client now; of one that has been closed, what has yet to leave.
    var heldBytes: Int {
        (isClosed ? 0 : session.heldBytes) + connection.unsentBytes
    }

    private func account() {
        guard !isClosed else { return }
        port.keeps(self)
    }

    private func serve(_ identifier: RequestID, _ request: Request) {
        if case .watch(let watch) = request {
            startWatch(identifier, watch)
            return
        }
        port.service.serve(request, through: gate) { [weak self] response in
            self?.answer(identifier, response)
        }
    }

    // MARK: Watches

    private func startWatch(_ identifier: RequestID, _ request: WatchRequest) {
        let watch = WatchDelivery(
            request: request, service: port.service,
            credit: { [weak self] in self?.watchCredit(identifier) ?? 0 },
            deliver: { [weak self] response in self?.deliver(identifier, response) })
        watches[identifier] = watch
        watch.start()
    }

    private func watchCredit(_ identifier: RequestID) -> Int {
        guard connection.unsentBytes < port.limits.connectionOutputBytes else { return 0 }
        return session.credit(of: identifier)
    }

    private func deliver(_ identifier: RequestID, _ response: Response) {
        if response.isFinal {
            watches.removeValue(forKey: identifier)?.stop()
        }
        answer(identifier, response)
    }

    private func end(_ identifier: RequestID, _ end: WatchEnd) {
        watches.removeValue(forKey: identifier)?.stop()
        answer(identifier, .watchEnded(end))
    }

    /// New change sets may be there.
    func proceedWatches() {
        for watch in watchesInOrder {
            watch.proceed()
        }
    }

    var hasWatches: Bool {
        !watches.isEmpty
    }
}
