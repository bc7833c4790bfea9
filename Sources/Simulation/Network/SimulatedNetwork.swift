package import IOCore

/// The network as one process on one host sees it.
package final class SimulatedNetwork: Network {
    private let fabric: Fabric
    private let host: String
    private let loop: SimulatedLoop

    package init(_ fabric: Fabric, host: String, loop: SimulatedLoop) {
        self.fabric = fabric
        self.host = host
        self.loop = loop
    }

    package func listen(
        on address: Address, accept: @escaping (any Connection) -> Void
    ) throws(NetworkFailure) -> any Listener {
        let listener = SimulatedListener(address, fabric: fabric, loop: loop, accept: accept)
        guard address.host == host, fabric.listen(listener) else {
            throw NetworkFailure("listen", address, reason: "address already in use")
        }
        return listener
    }

    package func connect(
        to address: Address, done: @escaping (Result<any Connection, NetworkFailure>) -> Void
    ) {
        let attempt = ConnectionAttempt(
            fabric: fabric, host: host, loop: loop, address: address, done: done)
        fabric.world.after(fabric.delay(host, address.host)) { attempt.arrived() }
    }
}

/// One try to reach a listener.
private final class ConnectionAttempt: @unchecked Sendable {
    private static let timeoutNanoseconds: UInt64 = 1_000_000_000

    private let fabric: Fabric
    private let host: String
    private let loop: SimulatedLoop
    private let address: Address
    private let done: (Result<any Connection, NetworkFailure>) -> Void

    init(
        fabric: Fabric, host: String, loop: SimulatedLoop, address: Address,
        done: @escaping (Result<any Connection, NetworkFailure>) -> Void
    ) {
        self.fabric = fabric
        self.host = host
        self.loop = loop
        self.address = address
        self.done = done
    }

    func arrived() {
        guard fabric.reaches(host, address.host), fabric.reaches(address.host, host) else {
            fabric.world.after(Self.timeoutNanoseconds) { self.fail("connection timed out") }
            return
        }
        guard let listener = fabric.listener(at: address) else {
            fabric.world.after(fabric.delay(address.host, host)) {
                self.fail("connection refused")
            }
            return
        }
        guard loop.isAlive else { return }
        let near = SimulatedConnection(
            fabric: fabric, owner: host, loop: loop, peer: address)
        let far = SimulatedConnection(
            fabric: fabric, owner: address.host, loop: listener.loop,
            peer: Address(host: host, port: 40_000))
        fabric.join(near, far, port: address.port)
        fabric.count { $0.connected += 1 }
        listener.loop.turn { listener.accept(far) }
        fabric.world.after(fabric.delay(address.host, host)) {
            self.loop.turn { self.done(.success(near)) }
        }
    }

    private func fail(_ reason: String) {
        loop.turn { self.done(.failure(NetworkFailure("connect", self.address, reason: reason))) }
    }
}

/// A port that a simulated process listens on.
final class SimulatedListener: Listener, @unchecked Sendable {
    let address: Address
    let loop: SimulatedLoop
    /// Does nothing once the process has ended, which its owner would keep otherwise.
    private(set) var accept: (any Connection) -> Void
    private let fabric: Fabric

    init(
        _ address: Address, fabric: Fabric, loop: SimulatedLoop,
        accept: @escaping (any Connection) -> Void
    ) {
        self.address = address
        self.fabric = fabric
        self.loop = loop
        self.accept = accept
    }

    func close() {
        fabric.forget(self)
    }

    /// The owner's process is gone.
    func processEnded() {
        accept = { _ in }
    }
}
