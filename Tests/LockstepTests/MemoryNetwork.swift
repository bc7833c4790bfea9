import IOCore
import Identifiers

/// Connections within the test: what one end sends, the other receives in a later turn.
final class MemoryNetwork: Network {
    private let loop: MemoryLoop
    private var listeners: [Address: (any Connection) -> Void] = [:]
    /// The process has no descriptor for another connection.
    var isLacking = false

    init(_ loop: MemoryLoop) {
        self.loop = loop
    }

    func listen(
        on address: Address, accept: @escaping (any Connection) -> Void
    ) throws(NetworkFailure) -> any Listener {
        listeners[address] = accept
        let bound = LoopBound(self, to: loop)
        return MemoryListener(address) { bound.value.listeners[address] = nil }
    }

    func connect(
        to address: Address, done: @escaping (Result<any Connection, NetworkFailure>) -> Void
    ) {
        let bound = LoopBound((self, done), to: loop)
        loop.post {
            let (network, done) = bound.value
            guard !network.isLacking else {
                done(
                    .failure(
                        NetworkFailure(
                            "connect to", address, reason: "Too many open files",
                            isLackOfDescriptors: true)))
                return
            }
            guard let accept = network.listeners[address] else {
                done(.failure(NetworkFailure("connect to", address, reason: "refused")))
                return
            }
            let client = MemoryConnection(network.loop, peer: address)
            let server = MemoryConnection(network.loop, peer: address)
            client.other = server
            server.other = client
            accept(server)
            done(.success(client))
        }
    }
}

final class MemoryListener: Listener {
    let address: Address
    private let onClose: () -> Void

    init(_ address: Address, onClose: @escaping () -> Void) {
        self.address = address
        self.onClose = onClose
    }

    func close() {
        onClose()
    }
}

final class MemoryConnection: Connection {
    let peer: Address
    let unsentBytes = 0
    var other: MemoryConnection?
    private let loop: MemoryLoop
    private var handler: (any ConnectionHandler)?
    private var early: [[UInt8]] = []
    private var isClosed = false

    init(_ loop: MemoryLoop, peer: Address) {
        self.loop = loop
        self.peer = peer
    }

    func setHandler(_ handler: any ConnectionHandler) {
        self.handler = handler
        let waiting = early
        early = []
        for bytes in waiting { handler.received(bytes) }
    }

    func send(_ bytes: [UInt8]) {
        guard !isClosed, let other else { return }
        let bound = LoopBound(other, to: loop)
        loop.post { bound.value.arrive(bytes) }
    }

    func setReading(_ enabled: Bool) {}

    func close(flush: Bool) {
        let bound = LoopBound(self, to: loop)
        loop.post { bound.value.end("closed here") }
    }

    private func arrive(_ bytes: [UInt8]) {
        guard !isClosed else { return }
        guard let handler else {
            early.append(bytes)
            return
        }
        handler.received(bytes)
    }

    private func end(_ reason: String) {
        guard !isClosed else { return }
        isClosed = true
        let (handler, other) = (self.handler, self.other)
        self.handler = nil
        self.other = nil
        handler?.closed(reason)
        other?.end("closed by the other end")
    }
}
