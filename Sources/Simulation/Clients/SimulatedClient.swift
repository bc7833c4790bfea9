package import Codec
package import IOCore
import Identifiers
import Transactions
import Wire

/// A client that does one operation after the other, and goes on with each until it has an answer.
///
/// It finds the leader, retries by session and sequence number, and writes down what it was told.
package final class SimulatedClient: ClientLinkOwner, RunClient, @unchecked Sendable {
    package let name: String
    private let loop: SimulatedLoop
    private let network: SimulatedNetwork
    private let ledger: Ledger
    private let addresses: [Address]
    private let limits: Limits
    private let trace: Trace

    private var link: ClientLink?
    private var session: SessionID?
    private var sequence = SequenceNumber.zero
    private var acknowledged = SequenceNumber.zero
    private var number = 0
    private var operation: ClientOperation?
    private var readFloor = LogIndex.zero
    /// Whether it acknowledges outcomes only when its session has no room for another.
    package var acknowledgesLate = false
    /// Outcomes that it was given and has not acknowledged.
    private var kept = (count: 0, bytes: 0)
    /// The answer that it has, while it asks for the same once more.
    private var firstAnswer: Outcome?
    /// Counts attempts, so that a late timer or answer is known for what it is.
    private var attempt: UInt32 = 0
    private var isStopping = false
    /// A time before which the session was not last used, in nanoseconds of the world: when that was
    /// begun of which an answer has told.
    private var sessionUsed: UInt64 = 0
    /// When the present operation began, or the opening of a session was asked for last.
    private var began: UInt64 = 0
    /// The highest index that was applied when it asked for a session last.
    private var appliedBefore = LogIndex.zero
    /// A session lives at least this long after it was used.
    package var sessionMilliseconds: UInt64 = 20_000
    /// How many of a thousand operations are followed by a rest that a session of 2 s does not outlive.
    package var restsPerMille: UInt64 = 0
    /// How long it waits for an answer before it asks another node.
    package var patienceMilliseconds: UInt64 = 2_000
    /// How many of a thousand operations are reads.
    package var readsPerMille: UInt64 = 250
    /// How many of a thousand writes want their first group to be as somebody has been told.
    package var conditionsPerMille: UInt64 = 150
    /// How many of a thousand writes want what a trigger forbids.
    package var forbiddenPerMille: UInt64 = 0
    /// Milliseconds between two operations.
    package var pauseMilliseconds: ClosedRange<UInt64> = 0...40
    /// Operations that have come to an end.
    package private(set) var finished = 0

    package init(
        _ name: String, fabric: Fabric, addresses: [Address], ledger: Ledger, limits: Limits,
        trace: Trace
    ) {
        self.name = name
        self.ledger = ledger
        self.addresses = addresses
        self.limits = limits
        self.trace = trace
        loop = SimulatedLoop(world: fabric.world)
        network = SimulatedNetwork(fabric, host: name, loop: loop)
    }

    package func start() {
        later(milliseconds: 0) { $0.next() }
    }

    /// Lets the present operation come to its end and begins no other.
    package func stop() {
        isStopping = true
    }

    /// Lets go of everything.
    func end() {
        drop()
        loop.end()
    }

    /// What it is doing, for people.
    package var state: String {
        let doing = operation.map { "\($0)" } ?? "nothing"
        return "\(name) does \(doing), attempt \(attempt), session "
            + "\(session?.description ?? "none"), link \(link.map { "\($0.isOpen)" } ?? "none")"
    }

    package var isIdle: Bool {
        operation == nil
    }

    // MARK: Operations

    private func next() {
        guard !isStopping else { return }
        number += 1
        var chosen = ClientOperation.choose(
            name, number, readsPerMille: readsPerMille, using: &loop.world.random)
        if case .write(var write) = chosen {
            if !write.aborts {
                if loop.world.random.happens(perMille: forbiddenPerMille) {
                    write.isForbidden = true
                } else if loop.world.random.happens(perMille: conditionsPerMille) {
                    write.condition = write.groups.first.map(ledger.condition(of:))
                }
                chosen = .write(write)
            }
            ledger.began(write)
            sequence = sequence.next
        }
        operation = chosen
        began = loop.world.time
        makeAttempt()
    }

    private func ended() {
        operation = nil
        finished += 1
        let rests = loop.world.random.happens(perMille: restsPerMille)
        let pause = loop.world.random.nanoseconds(
            milliseconds: rests ? 3_500...4_500 : pauseMilliseconds)
        loop.world.after(pause) { self.loop.turn { self.next() } }
    }

    /// Makes one attempt at the present operation, over the present link or a new one.
    private func makeAttempt() {
        guard operation != nil else { return }
        attempt += 1
        let present = attempt
        later(milliseconds: patienceMilliseconds) { client in
            guard client.attempt == present else { return }
            client.fail("no answer in time")
        }
        guard let link else {
            connect(to: loop.world.random.pick(addresses))
            return
        }
        send(over: link)
    }

    private func connect(to address: Address) {
        let present = attempt
        network.connect(to: address) { [self] result in
            guard attempt == present, link == nil else {
                if case .success(let connection) = result { connection.close(flush: false) }
                return
            }
            switch result {
            case .success(let connection):
                let made = ClientLink(connection, owner: self, limits: limits)
                link = made
                made.open()
            case .failure(let failure):
                fail("\(failure)")
            }
        }
    }

    private func send(over link: ClientLink) {
        guard link.isOpen, let operation else { return }
        let request = RequestID(attempt)
        switch operation {
        case .read(let group, let isStale):
            readFloor = ledger.floor
            link.send(request, ClientOperation.read(group, isStale: isStale))
        case .write(let write):
            guard let session else {
                began = loop.world.time
                appliedBefore = ledger.highestApplied()
                link.send(
                    request,
                    .openSession(
                        timeToLiveMilliseconds: sessionMilliseconds,
                        description: self.name))
                return
            }
            let transaction = ClientOperation.transaction(write)
            link.send(
                request,
                .submit(
                    Submission(
                        origin: Origin(
                            session: session, sequence: sequence,
                            acknowledgedThrough: acknowledged),
                        wantsChanges: false, transaction: transaction.encoded())))
        }
    }

    /// Gives this attempt up, and tries again on another node.
    private func fail(_ reason: String) {
        trace.note(loop.world, name, "attempt \(attempt) failed: \(reason)")
        drop()
        retry(afterMilliseconds: loop.world.random.next() % 100)
    }

    private func drop() {
        let old = link
        link = nil
        old?.close()
    }

    private func retry(afterMilliseconds milliseconds: UInt64) {
        ledger.retried()
        attempt += 1
        let present = attempt
        later(milliseconds: milliseconds) { client in
            if client.attempt == present { client.makeAttempt() }
        }
    }

    private func later(
        milliseconds: UInt64, _ job: @escaping @Sendable (SimulatedClient) -> Void
    ) {
        loop.world.after(milliseconds * 1_000_000) { self.loop.turn { job(self) } }
    }
}

// MARK: - Answers

extension SimulatedClient {
    func opened() {
        if let link { send(over: link) }
    }

    func closed(_ ended: ClientLink, _ reason: String) {
        guard link === ended else { return }
        link = nil
        if operation != nil { retry(afterMilliseconds: 20) }
    }

    func received(_ identifier: RequestID, _ response: Response) {
        guard identifier.rawValue == attempt, let operation else { return }
        switch response {
        case .sessionOpened(let opened):
            ledger.openedSession()
            session = opened
            sessionUsed = began
            sequence = SequenceNumber(1)
            acknowledged = .zero
            kept = (0, 0)
            makeAttempt()
        case .outcome(let bytes, _):
            guard case .write(let write) = operation else {
                return ledger.violated("\(name) got an outcome for a read")
            }
            settle(write, bytes)
        case .readResult(let applied, let reply):
            guard case .read(let group, let isStale) = operation else {
                return ledger.violated("\(name) got a read's result for a write")
            }
            readDone(group, isStale: isStale, applied, reply)
        case .error(let error):
            refused(error)
        case .done, .readAborted, .watchStarted, .changeSets, .watchEnded, .status, .digest,
            .snapshotTaken, .verified, .logFrames:
            ledger.violated("\(name) got \(response) for no such request")
        }
    }

    private func readDone(_ group: Int, isStale: Bool, _ applied: LogIndex, _ reply: [UInt8]) {
        ledger.read(
            group, reply, at: applied, began: isStale ? nil : readFloor, by: name)
        ended()
    }

    private func settle(_ write: ClientWrite, _ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let outcome = try? Outcome.decode(&reader, limits: limits) else {
            return ledger.violated("\(name) got an outcome that cannot be read")
        }
        if outcome.abortCode == .sessionFull { return foundFull(write) }
        let lastUse = sessionUsed
        sessionUsed = began
        let isLost = outcome.abortCode == .sessionUnknown
        if let first = firstAnswer, !isLost {
            firstAnswer = nil
            if outcome != first {
                ledger.violated("\(write.name) was answered \(first), and then \(outcome)")
            }
        } else if !isLost, loop.world.random.happens(perMille: 50) {
            ledger.repeated()
            firstAnswer = outcome
            return retry(afterMilliseconds: loop.world.random.next() % 50)
        }
        conclude(write, outcome, bytes: bytes.count, lastUse: lastUse)
    }

    private func conclude(_ write: ClientWrite, _ outcome: Outcome, bytes: Int, lastUse: UInt64) {
        guard outcome.abortCode != .sessionUnknown else {
            return lostSession(write.name, lastUse)
        }
        keep(write, bytes)
        trace.note(loop.world, name, "\(write.name) ended: \(outcome.text)")
        ledger.ended(write.name, ledger.fate(of: write, outcome))
        ended()
    }

    /// Acknowledges the outcome at once, or when there is no room for another.
    private func keep(_ write: ClientWrite, _ bytes: Int) {
        guard acknowledgesLate else {
            acknowledged = sequence
            return
        }
        if hasNoRoom {
            ledger.violated("\(write.name) was executed where its session has no room: \(kept)")
        }
        kept = (kept.count + 1, kept.bytes + bytes)
    }

    private var hasNoRoom: Bool {
        kept.count >= limits.outcomesPerSession || kept.bytes >= limits.outcomeBytesPerSession
    }

    /// Its session has no room for another outcome: the same request has, once it acknowledges what it has.
    private func foundFull(_ write: ClientWrite) {
        guard acknowledgesLate, hasNoRoom else {
            return ledger.violated("\(write.name) was refused where its session has room: \(kept)")
        }
        ledger.foundFull()
        acknowledged = SequenceNumber(sequence.rawValue - 1)
        kept = (0, 0)
        retry(afterMilliseconds: 0)
    }

    /// The session is gone; what it was doing happened once or not at all.
    ///
    /// That must not be where it was in use: clocks that run fast shorten its time a little.
    private func lostSession(_ operationName: String, _ lastUse: UInt64) {
        let idle = (loop.world.time - lastUse) / 1_000_000
        if idle < sessionMilliseconds / 2 {
            ledger.violated("\(operationName) has lost a session that was used \(idle) ms ago")
        }
        trace.note(loop.world, name, "\(operationName) finds its session expired")
        ledger.sessionExpired()
        session = nil
        sequence = .zero
        if let first = firstAnswer, case .write(let write)? = operation {
            // It has its answer, and had asked for it once more.
            firstAnswer = nil
            return conclude(write, first, bytes: 0, lastUse: lastUse)
        }
        ledger.ended(operationName, .unknown)
        ended()
    }

    private func refused(_ error: RequestError) {
        switch error {
        case .notLeader(_, let address):
            drop()
            guard let leader = Address(address) else {
                return retry(afterMilliseconds: 50)
            }
            ledger.retried()
            attempt += 1
            connect(to: leader)
            guardAttempt()
        case .unavailable(let reason, let milliseconds):
            ledger.refused(reason)
            // It may never serve this again: a node that was removed does not.
            if loop.world.random.happens(perMille: 300) { drop() }
            retry(afterMilliseconds: min(milliseconds, 200))
        case .noRoom(let reason):
            ledger.refused(reason)
            retry(afterMilliseconds: 50)
        case .interrupted:
            retry(afterMilliseconds: 10)
        case .sessionExpired:
            guard case .write(let write)? = operation else {
                return retry(afterMilliseconds: 1)
            }
            lostSession(write.name, sessionUsed)
        case .refused(.busy, _) where isOpeningSession:
            ledger.refusedSession(name, asked: appliedBefore)
            retry(afterMilliseconds: 200)
        case .refused, .tooLarge, .protocolViolation:
            ledger.violated("\(name) was refused: \(error)")
            drop()
            retry(afterMilliseconds: 500)
        }
    }

    /// Whether what it waits for is a session: a read needs none.
    private var isOpeningSession: Bool {
        guard case .write? = operation else { return false }
        return session == nil
    }

    private func guardAttempt() {
        let present = attempt
        later(milliseconds: patienceMilliseconds) { client in
            guard client.attempt == present else { return }
            client.fail("no answer in time")
        }
    }
}

extension Outcome {
    /// What its description would be, by hand: reflection takes longer than the turn that it tells of.
    fileprivate var text: String {
        guard case .committed(let index, let results) = self else { return "\(self)" }
        let lists = results.map { bytes in
            "[" + bytes.map { String($0) }.joined(separator: ", ") + "]"
        }
        return "committed(index: \(index.rawValue), results: [\(lists.joined(separator: ", "))])"
    }

    /// Why it was aborted; nil where it was committed.
    fileprivate var abortCode: AbortCode? {
        switch self {
        case .committed: nil
        case .aborted(_, let abort): abort.code
        }
    }
}
