import IOCore

/// One end of a simulated stream.
///
/// What one turn sends leaves in one piece. Bytes that the other end does not read pile up here once
/// its window is full, and count as unsent.
final class SimulatedConnection: Connection, @unchecked Sendable {
    /// Bytes that the systems at both ends take before the reader does.
    static let windowBytes = 256 << 10
    /// Bytes over which the owner is told when all has left.
    static let drainBytes = 8 << 20

    let owner: String
    let peer: Address
    private let fabric: Fabric
    private let loop: SimulatedLoop
    private var other: SimulatedConnection?
    private var handler: (any ConnectionHandler)?
    private var harmer: MessageHarmer?
    /// The other end while what was sent before a close is on its way there.
    private weak var closingTo: SimulatedConnection?

    /// What this turn has sent.
    private var gathered: [UInt8] = []
    /// Sent and not read by the other end's owner.
    private var underWayBytes = 0
    private var wasOverBound = false
    /// Sent while the other host could not be reached.
    private var held: [[UInt8]] = []
    private var lastArrival: UInt64 = 0
    /// Arrived and not read.
    private var arrived: [[UInt8]] = []
    private var isReading = true
    private var isClosed = false
    /// Why this end must hear of the end behind what has arrived.
    private var ending: String?

    init(fabric: Fabric, owner: String, loop: SimulatedLoop, peer: Address) {
        self.fabric = fabric
        self.owner = owner
        self.loop = loop
        self.peer = peer
    }

    func join(_ other: SimulatedConnection, carriesPeers: Bool) {
        self.other = other
        harmer = carriesPeers ? MessageHarmer() : nil
    }

    func runs(from source: String, to target: String) -> Bool {
        owner == source && peer.host == target
    }

    // MARK: Connection

    var unsentBytes: Int {
        max(0, underWayBytes + gathered.count - Self.windowBytes)
    }

    func setHandler(_ handler: any ConnectionHandler) {
        self.handler = handler
        fabric.world.after(0) { self.loop.turn { self.read() } }
    }

    func send(_ bytes: [UInt8]) {
        guard !isClosed, !bytes.isEmpty else { return }
        loop.passing("send")
        guard !isClosed else { return }
        if gathered.isEmpty {
            fabric.world.after(0) { self.flush() }
        }
        gathered += bytes
        if unsentBytes > Self.drainBytes { wasOverBound = true }
    }

    func setReading(_ enabled: Bool) {
        isReading = enabled
        if enabled { fabric.world.after(0) { self.loop.turn { self.read() } } }
    }

    func close(flush: Bool) {
        guard !isClosed else { return }
        if flush {
            closingTo = other
            self.flush()
        }
        isClosed = true
        gathered = []
        fabric.world.after(1_000) { self.loop.turn { self.told("closed here") } }
        tellOther("closed by the peer")
        fabric.forget(self)
    }

    // MARK: Bytes

    private func flush() {
        guard !gathered.isEmpty else { return }
        let bytes = gathered
        gathered = []
        underWayBytes += bytes.count
        guard fabric.reaches(owner, peer.host) else {
            held.append(bytes)
            fabric.count { $0.held += 1 }
            return
        }
        dispatch(bytes)
    }

    /// Sends on what was kept back.
    func deliverHeld() {
        let waiting = held
        held = []
        waiting.forEach(dispatch)
    }

    private func dispatch(_ bytes: [UInt8]) {
        let pieces =
            harmer?.harm(bytes, fabric.harm, using: &fabric.world.random) { counts in
                fabric.count(counts)
            } ?? [bytes]
        // Harm changes how much arrives; what is under way is counted by what was sent.
        underWayBytes += pieces.reduce(-bytes.count) { $0 + $1.count }
        for piece in pieces where !piece.isEmpty {
            after(fabric.delay(owner, peer.host)) {
                (self.other ?? self.closingTo)?.arrive(piece)
            }
        }
    }

    /// Runs `job` after `delay`, and never before what was sent earlier.
    private func after(_ delay: UInt64, _ job: @escaping @Sendable () -> Void) {
        let world = fabric.world
        lastArrival = max(world.time + delay, lastArrival + 1)
        world.after(lastArrival - world.time, job)
    }

    private func arrive(_ bytes: [UInt8]) {
        guard !isClosed else { return }
        arrived.append(bytes)
        fabric.count { $0.delivered += 1 }
        loop.turn { self.read() }
    }

    private func read() {
        while let handler, isReading, !isClosed, !arrived.isEmpty {
            let bytes = arrived.removeFirst()
            other?.taken(bytes.count)
            handler.received(bytes)
        }
        if arrived.isEmpty, let ending {
            told(ending)
        }
    }

    private func taken(_ count: Int) {
        underWayBytes -= count
        guard wasOverBound, unsentBytes == 0 else { return }
        wasOverBound = false
        fabric.world.after(1_000) { self.loop.turn { self.handler?.drained() } }
    }

    // MARK: The end

    private func told(_ reason: String) {
        let handler = handler
        self.handler = nil
        isClosed = true
        ending = nil
        handler?.closed(reason)
    }

    private func tellOther(_ reason: String) {
        guard let other else { return }
        self.other = nil
        // Where the other host cannot be reached it learns of it once it can.
        awaitLink(other, reason)
    }

    private func awaitLink(_ other: SimulatedConnection, _ reason: String) {
        after(fabric.delay(owner, peer.host)) {
            guard self.fabric.reaches(self.owner, self.peer.host) else {
                self.fabric.world.after(50_000_000) { self.awaitLink(other, reason) }
                return
            }
            other.otherEnded(reason)
        }
    }

    private func otherEnded(_ reason: String) {
        guard !isClosed else { return }
        other = nil
        ending = reason
        fabric.forget(self)
        loop.turn { self.read() }
    }

    /// The connection ends without a word from its owner, here and at the other end.
    func broken(_ reason: String) {
        guard !isClosed else { return }
        fabric.count { $0.broken += 1 }
        arrived = []
        gathered = []
        held = []
        other = nil
        fabric.forget(self)
        isClosed = true
        loop.turn { self.told(reason) }
    }

    /// The owner's process is gone.
    func processEnded() {
        isClosed = true
        handler = nil
        gathered = []
        held = []
        tellOther("connection reset by peer")
    }
}
