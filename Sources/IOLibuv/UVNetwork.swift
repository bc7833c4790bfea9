import CLibuv
package import IOCore
import Identifiers

/// TCP on one loop; every call on that loop.
package final class UVNetwork: Network {
    /// Bounds and times; those of time are for peers that misbehave.
    package struct Tuning: Sendable {
        /// Unsent bytes over which a connection reports `drained` when they have left.
        package var outputBoundBytes = 8 << 20
        package var connectMilliseconds: UInt64 = 5_000
        /// How long a closing connection may take to send what is left.
        package var flushMilliseconds: UInt64 = 10_000
        /// How long a connection that has sent everything waits for the peer's end.
        package var lingerMilliseconds: UInt64 = 1_000
        /// How long a listener rests when descriptors have run out.
        package var acceptRestMilliseconds: UInt64 = 100

        package init() {}
    }

    private let loop: UVLoop
    private let tuning: Tuning
    private let acceptFailed: (NetworkFailure) -> Void

    /// - Parameter acceptFailed: hears why a listener could not accept for a moment; for the log.
    package init(
        _ loop: UVLoop, tuning: Tuning = Tuning(),
        acceptFailed: @escaping (NetworkFailure) -> Void = { _ in }
    ) {
        self.loop = loop
        self.tuning = tuning
        self.acceptFailed = acceptFailed
    }

    package func listen(
        on address: Address, accept: @escaping (any Connection) -> Void
    ) throws(NetworkFailure) -> any Listener {
        loop.requireCurrent()
        guard !loop.turn.isStopping else {
            throw NetworkFailure("listen on", address, reason: Self.stopped)
        }
        return try UVListener(
            on: loop, address, tuning: tuning, accept: accept, failed: acceptFailed)
    }

    package func connect(
        to address: Address, done: @escaping (Result<any Connection, NetworkFailure>) -> Void
    ) {
        loop.requireCurrent()
        if let target = SocketAddress(address) {
            return connect(to: target, named: address, done: done)
        }
        guard !loop.turn.isStopping else { return refuse(address, Self.stopped, done) }
        ResolveRequest.start(address.host, port: address.port, on: loop) { [self] target, reason in
            guard let target else { return refuse(address, reason, done) }
            connect(to: target, named: address, done: done)
        }
    }

    private func connect(
        to target: SocketAddress, named address: Address,
        done: @escaping (Result<any Connection, NetworkFailure>) -> Void
    ) {
        guard !loop.turn.isStopping else { return refuse(address, Self.stopped, done) }
        let handle = TCPHandle(on: loop)
        let waiting = LoopBound(handle, to: loop)
        let deadline = loop.schedule(
            at: loop.now.advanced(milliseconds: tuning.connectMilliseconds)
        ) {
            // The request calls back with the handle closed.
            if waiting.value.isOpen { waiting.value.close() }
        }
        let code = handle.connect(to: target) { [self] status in
            loop.cancel(deadline)
            guard handle.isOpen else {
                let late = "no answer in \(tuning.connectMilliseconds) ms"
                return refuse(address, loop.turn.isStopping ? Self.stopped : late, done)
            }
            guard status == 0 else {
                handle.close()
                return refuse(address, UVError.text(status), done)
            }
            done(.success(UVConnection(handle, peer: address, tuning: tuning)))
        }
        guard code == 0 else {
            loop.cancel(deadline)
            handle.close()
            return refuse(address, UVError.text(code), done)
        }
    }

    private func refuse(
        _ address: Address, _ reason: String,
        _ done: @escaping (Result<any Connection, NetworkFailure>) -> Void
    ) {
        loop.later { done(.failure(NetworkFailure("connect to", address, reason: reason))) }
    }

    private static let stopped = "the event loop is stopping"
}
