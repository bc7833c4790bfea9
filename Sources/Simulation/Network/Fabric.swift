import IOCore

/// The network between all hosts of a world: who listens, who cannot reach whom, and how long bytes
/// are under way.
///
/// Hosts are the `host` parts of addresses. A connection's bytes arrive in order and whole, as TCP's
/// do, unless the fabric is told to harm messages between peers.
package final class Fabric: @unchecked Sendable {
    package let world: World
    /// Microseconds that bytes are under way, at least and at most.
    package var delayMicroseconds: ClosedRange<UInt64> = 20...200
    /// What happens to whole messages between peers, in thousandths; streams lose none by themselves.
    package var harm = MessageHarm()
    package private(set) var counts = FabricCounts()

    private var blocked: Set<[String]> = []
    private var clogged: [[String]: UInt64] = [:]
    private var listeners: [Address: SimulatedListener] = [:]
    private var connections: [SimulatedConnection] = []
    /// Whose ports carry messages that may be harmed.
    private var peerPorts: Set<UInt16> = []

    package init(world: World) {
        self.world = world
    }

    // MARK: Links

    /// Whether bytes get from one host to the other at present.
    package func reaches(_ source: String, _ target: String) -> Bool {
        blocked.isEmpty || !blocked.contains([source, target])
    }

    /// Keeps back what goes from `source` to `target` until `unblock`.
    package func block(_ source: String, _ target: String) {
        blocked.insert([source, target])
    }

    package func unblock(_ source: String, _ target: String) {
        guard blocked.remove([source, target]) != nil else { return }
        for connection in connections where connection.runs(from: source, to: target) {
            connection.deliverHeld()
        }
    }

    /// Delays what goes from `source` to `target` by so much more; nil: no more.
    package func clog(_ source: String, _ target: String, milliseconds: UInt64?) {
        clogged[[source, target]] = milliseconds.map { $0 * 1_000_000 }
    }

    /// Ends every connection between two hosts, as a middlebox does that has forgotten them.
    package func reset(_ one: String, _ other: String) {
        for connection in connections
        where connection.runs(from: one, to: other) || connection.runs(from: other, to: one) {
            connection.broken("connection reset by peer")
        }
    }

    /// The process on `host` has ended: its listeners and connections with it.
    package func processEnded(_ host: String) {
        for (address, listener) in listeners where address.host == host {
            listener.processEnded()
            listeners[address] = nil
        }
        for connection in connections where connection.owner == host {
            connection.processEnded()
        }
        connections.removeAll { $0.owner == host }
    }

    /// Marks a port whose connections carry messages between peers.
    package func carriesPeers(_ port: UInt16) {
        peerPorts.insert(port)
    }

    // MARK: Inside

    func delay(_ source: String, _ target: String) -> UInt64 {
        let usual = UInt64.random(in: delayMicroseconds, using: &world.random) * 1_000
        return clogged.isEmpty ? usual : usual + (clogged[[source, target]] ?? 0)
    }

    func listen(_ listener: SimulatedListener) -> Bool {
        guard listeners[listener.address] == nil else { return false }
        listeners[listener.address] = listener
        return true
    }

    func forget(_ listener: SimulatedListener) {
        if listeners[listener.address] === listener { listeners[listener.address] = nil }
    }

    func listener(at address: Address) -> SimulatedListener? {
        listeners[address]
    }

    func join(_ one: SimulatedConnection, _ other: SimulatedConnection, port: UInt16) {
        let carriesPeers = peerPorts.contains(port)
        one.join(other, carriesPeers: carriesPeers)
        other.join(one, carriesPeers: carriesPeers)
        connections.append(one)
        connections.append(other)
    }

    func forget(_ connection: SimulatedConnection) {
        connections.removeAll { $0 === connection }
    }

    func count(_ body: (inout FabricCounts) -> Void) {
        body(&counts)
    }
}

/// How often what happens to a message between peers, in thousandths.
package struct MessageHarm: Sendable {
    package var lostPerMille: UInt64 = 0
    package var repeatedPerMille: UInt64 = 0
    package var reorderedPerMille: UInt64 = 0
    /// Whether each message is lost that brings frames of a log or a part of a snapshot.
    package var losesFrames = false

    package init() {}

    var isNone: Bool {
        !losesFrames && lostPerMille == 0 && repeatedPerMille == 0 && reorderedPerMille == 0
    }
}

/// What the fabric has done so far.
package struct FabricCounts: Sendable {
    package var connected = 0
    package var delivered = 0
    package var held = 0
    package var lost = 0
    package var repeated = 0
    package var reordered = 0
    package var broken = 0

    package init() {}
}
