package import Codec
package import IOCore
package import Identifiers
import Wire

/// What the client does on its loop: finds the leader, keeps one connection and one session, sends
/// calls, sends them again, and answers every caller exactly once.
///
/// A transaction is sent with the same session and sequence number until it is answered, over as
/// many connections as it takes; that is why a retry never executes it twice. A caller may stop
/// waiting (time, cancellation) while its transaction is still on the way; the transaction then keeps
/// its place in the session until the cluster has told its fate.
package final class ClientCore {
    /// The numbers of a configuration, in the units of the loop.
    package struct Settings {
        package var endpoints: [Address]
        /// Shown by the cluster with the client's session.
        package var name: String
        /// Nodes of other clusters are refused; nil for any cluster.
        package var cluster: ClusterID?
        package var connectMilliseconds: UInt64 = 2_000
        package var sessionMilliseconds: UInt64 = 60_000
        /// Transactions under way at once.
        package var pipelineWindow = 256
        package var shortestBackoffMilliseconds: UInt64 = 20
        package var longestBackoffMilliseconds: UInt64 = 1_000
        package var limits = Limits.standard

        package init(endpoints: [Address], name: String) {
            precondition(!endpoints.isEmpty, "a client without an endpoint")
            self.endpoints = endpoints
            self.name = name
        }
    }

    /// The connection to the node that leads, or may know who does.
    enum Route {
        case idle
        case connecting(ConnectionDriver)
        case ready(ConnectionDriver)
        case waiting(TimerID, next: Address)
        case closed
    }

    let loop: any EventLoop
    let network: any Network
    let settings: Settings
    let coding: any TransactionCoding
    /// Told of what is worth a line in a log.
    let report: (ClientEvent) -> Void
    var route = Route.idle
    var backoff: Backoff
    var endpointTurn = 0
    /// Leader hints followed since the last wait, or since anything was answered.
    var hintsFollowed = 0
    /// Nodes since then that took no connection, or know no leader.
    private var triesOfRound = 0
    var failures = RouteFailures()

    /// All calls that the leader must answer, until they are answered or given up.
    var calls: [UInt64: Call] = [:]
    /// Calls that wait for a place, in order of arrival; some may have been given up.
    var waiting = CallQueue()
    /// Transactions with a place, not sent on this connection yet, in order of place.
    var resending = CallQueue()
    /// Transactions that their session had no room for.
    ///
    /// They are sent again on this connection when all that are on the way have been answered; none
    /// gets a place meanwhile.
    var roomless: [Call] = []
    var putOffReads: PutOffReads
    /// What has been sent on this connection.
    var sent: [RequestID: Sent] = [:]
    var nextRequest: UInt32 = 1
    var session: SessionTrack?
    var isOpeningSession = false
    /// When the session was last used by what the cluster has accepted.
    var sessionActivity = MonotonicTime.zero
    /// A sign of life was due while there was no connection.
    var isKeepAliveOwed = false
    var keepAliveTimer: TimerID?
    var deadlineTimer: (at: MonotonicTime, timer: TimerID)?
    var silence = SilenceWatch(from: .zero)
    var silenceTimer: TimerID?
    /// Since when this process has had no descriptor for a connection; nil: it has, or has not tried.
    var lackingSince: MonotonicTime?
    var watches: [UInt64: Watch] = [:]
    var nodes: [Address: NodeLink] = [:]

    /// What an answer on this connection belongs to.
    enum Sent {
        case call(Call)
        case sessionOpening
        case keepAlive(SessionID)
        /// Asks whether the node is there at all.
        case probe
        case watch(Watch)
    }

    package init(
        loop: any EventLoop, network: any Network, settings: Settings,
        coding: any TransactionCoding,
        report: @escaping (ClientEvent) -> Void = { _ in }
    ) {
        self.loop = loop
        self.coding = coding
        self.network = network
        self.settings = settings
        self.report = report
        backoff = Backoff(
            shortestMilliseconds: settings.shortestBackoffMilliseconds,
            longestMilliseconds: settings.longestBackoffMilliseconds)
        putOffReads = PutOffReads(backoff: backoff)
    }

    /// Takes a call for the leader.
    package func begin(_ call: Call) {
        calls[call.number] = call
        waiting.append(call)
        watchDeadline(call.deadline)
        pump()
    }

    /// The caller does not wait any more.
    package func cancel(_ number: UInt64) {
        guard let call = calls[number] else {
            for link in nodes.values { link.cancel(number) }
            return
        }
        let maybe = giveUp(call)
        call.complete(.failure(.cancelled(mayHaveExecuted: maybe)))
    }

    /// Ends the caller's wait; returns whether the cluster may carry the call out all the same.
    ///
    /// One with a place in its session that was refused whenever it was sent gives the place to an
    /// empty transaction: later ones wait behind it, and it must not be executed any more.
    func giveUp(_ call: Call) -> Bool {
        if call.place == nil {
            forget(call)
        } else if !call.mayHaveExecuted, call.isSubmission {
            call.work = .submission(transaction: coding.fillerTransaction, wantsChanges: false)
        }
        return call.mayHaveExecuted
    }

    /// Ends everything; callers get `closed`.
    package func close() {
        if let session, case .ready(let driver) = route {
            driver.send(takeRequest(), .closeSession(session.identifier))
        }
        dropRoute(flush: true)
        route = .closed
        for timer in [keepAliveTimer, deadlineTimer?.timer, silenceTimer] {
            if let timer { loop.cancel(timer) }
        }
        keepAliveTimer = nil
        deadlineTimer = nil
        silenceTimer = nil
        for call in calls.values.sorted(by: { $0.number < $1.number }) {
            call.complete(.failure(.closed(mayHaveExecuted: call.mayHaveExecuted)))
        }
        _ = endPutOff()
        calls = [:]
        roomless = []
        for watch in watches.values { watch.reader?.finish(.closed(mayHaveExecuted: false)) }
        watches = [:]
        for link in nodes.values { link.close() }
        nodes = [:]
    }

    func forget(_ call: Call) {
        calls[call.number] = nil
    }

    func takeRequest() -> RequestID {
        defer { nextRequest = nextRequest == .max ? 1 : nextRequest + 1 }
        return RequestID(nextRequest)
    }

    /// Whether there is a reason to be connected.
    var hasWork: Bool {
        !calls.isEmpty || !watches.isEmpty
    }
}

// MARK: - The route

extension ClientCore {
    func connect(to address: Address) {
        let offer = HandshakeOffer(role: .client, cluster: settings.cluster)
        let driver = ConnectionDriver(
            loop: loop, network: network, address: address, offer: offer,
            limits: settings.limits, connectMilliseconds: settings.connectMilliseconds)
        route = .connecting(driver)
        driver.start { [weak self, weak driver] event in
            guard let self, let driver else { return }
            self.routed(event, of: driver)
        }
    }

    private func routed(_ event: ConnectionDriver.Event, of driver: ConnectionDriver) {
        switch event {
        case .ready:
            route = .ready(driver)
            lackingSince = nil
            watchSilence()
            sendOwedKeepAlive(over: driver)
            pump()
        case .response(let identifier, let response):
            silence.heard(at: loop.now)
            answered(identifier, response)
        case .closed(let closing):
            report(.connectionEnded(driver.address, reason: "\(closing)"))
            if case .lacking(let reason) = closing {
                failForLack(reason)
                leaveRoute("\(closing)", next: nil, wait: .backoff)
            } else {
                lackingSince = nil
                // One that stood may have answered something: another at once could be for ever.
                let isStanding = if case .ready = route { true } else { false }
                leaveRoute("\(closing)", next: nil, wait: isStanding ? .backoff : .round)
            }
        }
    }

    /// How long to wait before the next connection.
    enum Wait {
        case none
        /// None, until as many nodes were of no use as there are endpoints; then as `backoff`.
        case round
        case backoff
        case atLeast(milliseconds: UInt64)
    }

    /// Gives the present connection up, puts what it carried back, and goes to `next`.
    ///
    /// - Parameter keepingLackOfRoom: whether reads that a node had no room for still lack that alone.
    func leaveRoute(
        _ reason: String, next: Address?, wait: Wait, keepingLackOfRoom: Bool = false
    ) {
        var reason = reason
        switch route {
        case .connecting(let driver), .ready(let driver):
            reason = failures.note(reason, of: driver.address)
        case .idle, .waiting: break
        case .closed: return
        }
        // A node that takes no connection says nothing against what another has said.
        if case .ready = route, !keepingLackOfRoom {
            for call in calls.values { call.lacksRoom = false }
        }
        dropRoute(flush: false)
        putBack(reason)
        let address = next ?? nextEndpoint()
        let bound = LoopBound(self, to: loop)
        let end = loop.now.advanced(milliseconds: milliseconds(of: wait))
        let timer = loop.schedule(at: end) { bound.value.waited() }
        route = .waiting(timer, next: address)
    }

    private func milliseconds(of wait: Wait) -> UInt64 {
        let least: UInt64
        switch wait {
        case .none:
            return 0
        case .round:
            triesOfRound += 1
            if triesOfRound < settings.endpoints.count { return 0 }
            least = 0
        case .backoff:
            least = 0
        case .atLeast(let milliseconds):
            least = min(milliseconds, settings.longestBackoffMilliseconds)
        }
        beginRound()
        return max(least, backoff.next(randomBits: loop.randomBits()))
    }

    /// Lets each endpoint be tried, and hints be followed, without a wait.
    func beginRound() {
        triesOfRound = 0
        hintsFollowed = 0
    }

    private func waited() {
        guard case .waiting(_, let address) = route else { return }
        route = .idle
        if hasWork {
            connect(to: address)
        } else {
            beginRound()
        }
    }

    private func nextEndpoint() -> Address {
        defer { endpointTurn = (endpointTurn + 1) % settings.endpoints.count }
        return settings.endpoints[endpointTurn]
    }

    /// Does not go to `node` next, unless there is no other.
    func passOver(_ node: Address) {
        if settings.endpoints[endpointTurn] == node { _ = nextEndpoint() }
    }

    func dropRoute(flush: Bool) {
        switch route {
        case .connecting(let driver), .ready(let driver): driver.close(flush: flush)
        case .waiting(let timer, _): loop.cancel(timer)
        case .idle, .closed: break
        }
        route = .idle
    }

    /// What was sent on a connection that is gone is to be sent again, or its fate is unknown.
    func putBack(_ reason: String) {
        var placed = Array(resending) + roomless
        roomless = []
        var unplaced = endPutOff()
        for entry in sent.values {
            guard case .call(let call) = entry else { continue }
            call.lastFailure = reason
            switch call.work {
            case .submission: placed.append(call)
            case .repeatable:
                if calls[call.number] != nil { unplaced.append(call) }
            case .once:
                forget(call)
                call.complete(.failure(.outcomeUnknown("the connection broke: \(reason)")))
            }
        }
        sent = [:]
        isOpeningSession = false
        placed.sort { $0.isPlaced(before: $1) }
        resending = CallQueue(placed)
        unplaced.sort { $0.number < $1.number }
        waiting = CallQueue(unplaced + Array(waiting))
        for watch in watches.values { watch.request = nil }
    }

    /// Connects if there is work and no connection.
    func connectIfNeeded() {
        guard case .idle = route, hasWork else { return }
        connect(to: nextEndpoint())
    }
}
