import Codec
package import IOCore
import Identifiers
import Wire

/// A connection to one named node, for what only that node can answer; never tried again by itself.
///
/// Used on the loop alone. A node that falls silent is given up as the leader is, see `SilenceWatch`.
final class NodeLink {
    private let loop: any EventLoop
    private let driver: ConnectionDriver
    private var silence: SilenceWatch
    private var silenceTimer: TimerID?
    /// The status request that asks whether the node is there at all.
    private var probe: RequestID?
    private var unsent: [Call] = []
    private var sent: [RequestID: Call] = [:]
    private var nextRequest: UInt32 = 1
    private var onEnd: (() -> Void)?

    init(
        _ driver: ConnectionDriver, loop: any EventLoop, onEnd: @escaping () -> Void
    ) {
        self.driver = driver
        self.loop = loop
        silence = SilenceWatch(from: loop.now)
        self.onEnd = onEnd
    }

    func start() {
        driver.start { [weak self] event in self?.take(event) }
    }

    func begin(_ call: Call) {
        unsent.append(call)
        sendUnsent()
    }

    func cancel(_ number: UInt64) {
        for call in calls where call.number == number {
            call.complete(.failure(.cancelled(mayHaveExecuted: call.mayHaveExecuted)))
        }
    }

    /// Fails what is too late; returns the earliest deadline of the rest.
    func expire(_ now: MonotonicTime) -> MonotonicTime? {
        for call in calls where call.deadline <= now {
            call.complete(
                .failure(
                    .timedOut(
                        lastFailure: "\(driver.address) did not answer",
                        mayHaveExecuted: call.mayHaveExecuted)))
        }
        return calls.filter { $0.completion != nil }.map(\.deadline).min()
    }

    func close() {
        stopSilenceWatch()
        driver.close()
        for call in calls {
            call.complete(.failure(.closed(mayHaveExecuted: call.mayHaveExecuted)))
        }
        onEnd = nil
    }

    private var calls: [Call] {
        (unsent + sent.values).sorted { $0.number < $1.number }
    }

    private func take(_ event: ConnectionDriver.Event) {
        switch event {
        case .ready:
            silence = SilenceWatch(from: loop.now)
            scheduleSilenceCheck()
            sendUnsent()
        case .response(let identifier, let response):
            silence.heard(at: loop.now)
            if identifier == probe {
                probe = nil
                silence.probeAnswered()
                return
            }
            guard let call = sent.removeValue(forKey: identifier) else { return }
            if case .error(let error) = response {
                call.complete(.failure(CallFailure(error)))
            } else {
                call.complete(.success(response))
            }
        case .closed(let closing):
            if case .lacking(let reason) = closing {
                end(reason, .unavailable(reason))
            } else {
                end("\(closing)")
            }
        }
    }

    /// Answers all callers that the node is out of reach, or what they asked for may have happened; the
    /// owner forgets the link.
    ///
    /// - Parameter unsent: what has become of what was not sent, where the node is not out of reach.
    private func end(_ reason: String, _ unsent: CallFailure? = nil) {
        stopSilenceWatch()
        let ending = calls
        onEnd?()
        onEnd = nil
        for call in ending {
            let failure: CallFailure =
                call.mayHaveExecuted
                ? .outcomeUnknown("the connection to \(driver.address) broke: \(reason)")
                : unsent ?? .unreachable(driver.address, reason)
            call.complete(.failure(failure))
        }
    }

    private func takeRequest() -> RequestID {
        defer { nextRequest &+= 1 }
        return RequestID(nextRequest)
    }

    private func sendUnsent() {
        guard driver.isOpen else { return }
        for call in unsent where call.completion != nil {
            let request: Request
            switch call.work {
            case .repeatable(let wanted), .once(let wanted): request = wanted
            case .submission: preconditionFailure("a transaction for one named node")
            }
            let identifier = takeRequest()
            call.sends += 1
            sent[identifier] = call
            driver.send(identifier, request)
        }
        unsent = []
    }
}

// MARK: - Silence

extension NodeLink {
    private func scheduleSilenceCheck() {
        let bound = LoopBound(self, to: loop)
        let next = loop.now.advanced(milliseconds: SilenceWatch.periodMilliseconds)
        silenceTimer = loop.schedule(at: next) { bound.value.checkSilence() }
    }

    private func stopSilenceWatch() {
        if let silenceTimer { loop.cancel(silenceTimer) }
        silenceTimer = nil
    }

    private func checkSilence() {
        silenceTimer = nil
        guard driver.isOpen else { return }
        switch silence.check(at: loop.now, isAwaiting: !sent.isEmpty) {
        case .healthy:
            break
        case .probe:
            let identifier = takeRequest()
            probe = identifier
            driver.send(identifier, .status)
        case .silent(let milliseconds):
            driver.close()
            end("it has been silent for \(milliseconds) ms")
            return
        }
        scheduleSilenceCheck()
    }
}

extension ClientCore {
    /// Takes a call for one named node.
    package func begin(_ call: Call, at address: Address) {
        watchDeadline(call.deadline)
        if let link = nodes[address] {
            link.begin(call)
            return
        }
        let driver = ConnectionDriver(
            loop: loop, network: network, address: address,
            offer: HandshakeOffer(role: .client, cluster: settings.cluster),
            limits: settings.limits, connectMilliseconds: settings.connectMilliseconds)
        let link = NodeLink(driver, loop: loop) { [weak self] in
            self?.nodes[address] = nil
        }
        nodes[address] = link
        link.begin(call)
        link.start()
    }
}
