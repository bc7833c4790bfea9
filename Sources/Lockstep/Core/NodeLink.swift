import Codec
import Identifiers
import IOCore
import Wire

/// A connection to one named node, for what only that node can answer; never tried again by itself.
final class NodeLink {
    private let endpoint: Endpoint
    private let driver: ConnectionDriver
    private var unsent: [Call] = []
    private var sent: [RequestID: Call] = [:]
    private var nextRequest: UInt32 = 1
    private var onEnd: (() -> Void)?

    init(_ driver: ConnectionDriver, endpoint: Endpoint, onEnd: @escaping () -> Void) {
        self.driver = driver
        self.endpoint = endpoint
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
                        lastFailure: "\(endpoint) did not answer",
                        mayHaveExecuted: call.mayHaveExecuted)))
        }
        return calls.filter { $0.completion != nil }.map(\.deadline).min()
    }

    func close() {
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
            sendUnsent()
        case .response(let identifier, let response):
            guard let call = sent.removeValue(forKey: identifier) else { return }
            if case .error(let error) = response {
                call.complete(.failure(LockstepError(error)))
            } else {
                call.complete(.success(response))
            }
        case .closed(let closing):
            let ending = calls
            onEnd?()
            onEnd = nil
            for call in ending {
                call.complete(.failure(.unreachable(endpoint, "\(closing)")))
            }
        }
    }

    private func sendUnsent() {
        guard driver.isOpen else { return }
        for call in unsent where call.completion != nil {
            let request: Request
            switch call.work {
            case .repeatable(let wanted), .once(let wanted): request = wanted
            case .submission: preconditionFailure("a transaction for one named node")
            }
            let identifier = RequestID(nextRequest)
            nextRequest &+= 1
            call.sends += 1
            sent[identifier] = call
            driver.send(identifier, request)
        }
        unsent = []
    }
}

extension ClientCore {
    /// Takes a call for one named node.
    func begin(_ call: Call, at endpoint: Endpoint) {
        let address = Address(endpoint)
        watchDeadline(call.deadline)
        if let link = nodes[address] {
            link.begin(call)
            return
        }
        let driver = ConnectionDriver(
            loop: loop, network: network, address: address,
            offer: HandshakeOffer(role: .client, cluster: settings.cluster),
            limits: settings.limits, connectMilliseconds: settings.connectMilliseconds)
        let link = NodeLink(driver, endpoint: endpoint) { [weak self] in
            self?.nodes[address] = nil
        }
        nodes[address] = link
        link.begin(call)
        link.start()
    }
}
