import Codec
import IOCore
import Identifiers
import Logging
import Wire

/// Where clients connect.
final class ClientPort {
    let loop: any EventLoop
    let limits: Limits
    let logger: Logger
    let service: ClientService
    private let network: any Network
    private let identity: HandshakeAcceptor.Identity
    private var listener: (any Listener)?
    /// The connections by the order in which they came, until the last of their bytes has left.
    private var connections: [UInt64: ClientConnection] = [:]
    /// Those of them that are refused, and wait a moment for the client's end.
    private var refused: Set<UInt64> = []
    private var budget: ByteBudget
    private var lastConnection: UInt64 = 0
    private var isDraining = false

    init(
        loop: any EventLoop, network: any Network, limits: Limits, logger: Logger,
        identity: HandshakeAcceptor.Identity, service: ClientService
    ) {
        self.loop = loop
        self.network = network
        self.limits = limits
        budget = ByteBudget(bound: limits.clientBytes)
        self.logger = logger
        self.identity = identity
        self.service = service
    }

    var count: Int {
        connections.count
    }

    func listen(on address: Address) throws(NetworkFailure) -> Address {
        let listener = try network.listen(on: address) { [unowned self] connection in
            accept(connection)
        }
        self.listener = listener
        return listener.address
    }

    private func accept(_ connection: any Connection) {
        var refusal: HandshakeRefusal?
        let served = connections.count - refused.count
        if served >= limits.clientConnections {
            refusal = HandshakeRefusal(
                .tooManyConnections, "this node has \(served) connections, its limit; close some")
        }
        // Those to be refused are bounded as well.
        guard refusal == nil || refused.count < limits.refusedConnections, !isDraining else {
            connection.close(flush: false)
            return
        }
        lastConnection += 1
        if refusal != nil { refused.insert(lastConnection) }
        let client = ClientConnection(
            connection, number: lastConnection, port: self, identity: identity, refusal: refusal)
        connections[client.number] = client
        client.start()
    }

    /// Nothing of the client's is left.
    func ended(_ client: ClientConnection) {
        connections[client.number] = nil
        refused.remove(client.number)
        budget.note(client.number, 0)
    }

    /// Takes note of what is kept for a client, and closes the connections for which most is kept
    /// while it is too much for all of them.
    func keeps(_ client: ClientConnection) {
        budget.note(client.number, client.heldBytes)
        guard budget.isExceeded else { return }
        // What has left since is not told of.
        for other in connections.values { budget.note(other.number, other.heldBytes) }
        while let largest = budget.largestOverBound, let other = connections[largest] {
            logger.warning(
                "client closed: too much is kept for clients",
                metadata: [
                    "bytes": "\(other.heldBytes)", "all": "\(budget.total)",
                    "bound": "\(limits.clientBytes)",
                ])
            other.close()
            budget.note(largest, 0)
        }
    }

    /// Bytes that are kept for all clients' connections, as far as they have told.
    var keptBytes: Int { budget.total }

    /// Takes no more connections or requests; what is under way is answered.
    func drain(reason: String) {
        isDraining = true
        listener?.close()
        listener = nil
        for client in inOrder() {
            client.drain(reason: reason)
        }
    }

    /// Sends watches elsewhere, because this node hears of no changes any more.
    func endWatches(reason: String) {
        for client in inOrder(where: \.hasWatches) {
            client.drain(reason: reason)
        }
    }

    func closeAll() {
        isDraining = true
        listener?.close()
        listener = nil
        for client in inOrder() {
            client.close()
        }
    }

    /// New change sets may be there for watches.
    func changesApplied() {
        for client in inOrder(where: \.hasWatches) {
            client.proceedWatches()
        }
    }

    /// The connections that pass, the oldest first: never in the order of a table, which is another
    /// one in each process.
    private func inOrder(
        where isWanted: (ClientConnection) -> Bool = { _ in true }
    ) -> [ClientConnection] {
        connections.values.filter(isWanted).sorted { $0.number < $1.number }
    }
}
