import Codec
import IOCore
import Identifiers
import Logging
import Peers
import Replication
import Testing
import Transactions

/// What becomes of a connection that only one of two nodes still believes in, on a clock of hand.
@Suite struct StandingLinkTests {
    let loop = ManualLoop()
    let network: PipeNetwork
    let hubs: [PeerHub]
    /// What each hub has heard about founding.
    let heard = Locked([0, 0])

    init() throws {
        network = PipeNetwork(loop)
        var addresses: [Address] = []
        var made: [PeerHub] = []
        for node in 1...2 {
            let hub = PeerHub(
                loop: loop, network: network, cluster: ClusterID(Bits128(high: 1, low: 2)),
                node: NodeID(UInt64(node)), incarnation: Incarnation(UInt64(node)), boot: 7,
                limits: .standard, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            addresses.append(try hub.listen(on: Address(host: "127.0.0.1", port: UInt16(node))))
            made.append(hub)
        }
        hubs = made
        let members = addresses.enumerated().map { place, address in
            Member(
                node: NodeID(UInt64(place + 1)), incarnation: nil, peerAddress: "\(address)",
                clientAddress: "127.0.0.1:9")
        }
        let membership = ClusterMembership(
            founding: FoundingID(1), voters: members.map(\.node), outgoing: [], learners: [],
            members: members)
        let heard = heard
        for (place, hub) in hubs.enumerated() {
            hub.events.foundingReceived = { _, _ in heard.withLock { $0[place] += 1 } }
            hub.update(membership, asOf: LogIndex(1))
        }
        loop.run(milliseconds: 10)
        #expect(says(from: 1) && says(from: 2))
    }

    /// Whether a message of a node reaches the other.
    private func says(from node: Int) -> Bool {
        let before = heard.withLock { $0 }
        let message = FoundingMessage.standing(FoundingID(1), hasBegun: true).encoded()
        guard hubs[node - 1].send([message], to: NodeID(UInt64(3 - node))) else { return false }
        loop.run(milliseconds: 1)
        return heard.withLock { $0[2 - node] } == before[2 - node] + 1
    }

    @Test(arguments: [1, 2])
    func `a link that one end has given up gives way to its next one within two seconds`(
        _ giver: Int
    ) {
        network.forget(at: giver)
        loop.run(milliseconds: 3_500)
        #expect(says(from: 1))
        #expect(says(from: 2))
    }

    @Test func `a link on which something has just been heard stays`() {
        #expect(says(from: 2))
        let standing = network.opened
        network.forget(at: 2)
        loop.run(milliseconds: 1_500)
        #expect(network.opened > standing)
        #expect(!says(from: 2))
    }
}

/// A loop whose clock a test turns.
///
/// Used on the test's one thread alone, which is the proof of the unchecked conformance.
final class ManualLoop: EventLoop, @unchecked Sendable {
    private(set) var now = MonotonicTime(nanoseconds: 1_000_000_000)
    private var timers = TimerQueue()
    private var bits: UInt64 = 1

    var isCurrent: Bool { true }
    var wallMilliseconds: UInt64 { 1 }

    func post(_ job: @escaping @Sendable () -> Void) {
        _ = timers.add(now, job)
    }

    func schedule(at deadline: MonotonicTime, _ job: @escaping @Sendable () -> Void) -> TimerID {
        timers.add(max(now, deadline), job)
    }

    func cancel(_ timer: TimerID) {
        timers.cancel(timer)
    }

    func atTurnEnd(_ job: @escaping @Sendable () -> Void) {}

    func randomBits() -> UInt64 {
        bits = bits &* 6_364_136_223_846_793_005 &+ 1
        return bits >> 33
    }

    func run(milliseconds: UInt64) {
        let end = now.advanced(milliseconds: milliseconds)
        while let next = timers.earliest, next <= end {
            now = max(now, next)
            for timer in timers.due(at: now) { timers.take(timer)?() }
        }
        now = end
    }
}

/// Connections in memory, either end of which may forget one without the other hearing of it.
final class PipeNetwork: Network {
    private let loop: ManualLoop
    private var accepting: [Address: (any Connection) -> Void] = [:]
    private var pipes: [(dialled: PipeEnd, accepted: PipeEnd)] = []
    /// When somebody was dialled who does not listen.
    private(set) var vainDials: [MonotonicTime] = []

    init(_ loop: ManualLoop) {
        self.loop = loop
    }

    var opened: Int {
        pipes.count
    }

    func listen(
        on address: Address, accept: @escaping (any Connection) -> Void
    ) throws(NetworkFailure) -> any Listener {
        accepting[address] = accept
        return PipeListener(address: address)
    }

    func connect(
        to address: Address, done: @escaping (Result<any Connection, NetworkFailure>) -> Void
    ) {
        guard let accept = accepting[address] else {
            vainDials.append(loop.now)
            let caller = LoopBound(done, to: loop)
            let failure = NetworkFailure("connect to", address, reason: "nobody listens")
            return loop.post { caller.value(.failure(failure)) }
        }
        // There are two nodes, each named by its port.
        let dialled = PipeEnd(loop, node: 3 - Int(address.port))
        let accepted = PipeEnd(loop, node: Int(address.port))
        dialled.other = accepted
        accepted.other = dialled
        pipes.append((dialled, accepted))
        let ends = LoopBound((accept, done), to: loop)
        let pipe = LoopBound((dialled, accepted), to: loop)
        loop.post {
            ends.value.0(pipe.value.1)
            ends.value.1(.success(pipe.value.0))
        }
    }

    /// Takes no connections any more at this port.
    func stopListening(_ port: UInt16) {
        accepting[Address(host: "127.0.0.1", port: port)] = nil
    }

    /// Has the system of a node end what connections it has; the other end hears nothing.
    func forget(at node: Int) {
        for pipe in pipes {
            let end = pipe.dialled.node == node ? pipe.dialled : pipe.accepted
            end.other?.other = nil
            end.other = nil
            end.close(flush: false)
        }
    }
}

final class PipeListener: Listener {
    let address: Address

    init(address: Address) {
        self.address = address
    }

    func close() {}
}

final class PipeEnd: Connection {
    let node: Int
    let peer = Address(host: "127.0.0.1", port: 1)
    fileprivate(set) weak var other: PipeEnd?
    private let loop: ManualLoop
    private var handler: (any ConnectionHandler)?
    private var isClosed = false
    private var early: [[UInt8]] = []

    init(_ loop: ManualLoop, node: Int) {
        self.loop = loop
        self.node = node
    }

    var unsentBytes: Int { 0 }

    func setHandler(_ handler: any ConnectionHandler) {
        self.handler = handler
        early.forEach { handler.received($0) }
        early = []
    }

    func send(_ bytes: [UInt8]) {
        guard !isClosed, let other else { return }
        let target = LoopBound(other, to: loop)
        loop.post { target.value.arrived(bytes) }
    }

    private func arrived(_ bytes: [UInt8]) {
        guard !isClosed else { return }
        guard let handler else { return early.append(bytes) }
        handler.received(bytes)
    }

    func setReading(_ enabled: Bool) {}

    func close(flush: Bool) {
        guard !isClosed else { return }
        isClosed = true
        let ends = LoopBound((self, other), to: loop)
        loop.post {
            ends.value.0.end("closed by this side")
            ends.value.1?.close(flush: false)
        }
    }

    private func end(_ reason: String) {
        let handler = self.handler
        self.handler = nil
        handler?.closed(reason)
    }
}
