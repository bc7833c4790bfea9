import Client
import Codec
import IOCore
import Identifiers
import Transactions
import Wire

/// A client whose connections, sessions and retries are those of the client library, with some
/// operations under way at once.
final class PipelinedClient: RunClient, @unchecked Sendable {
    /// Operations under way at once.
    private static let depth = 6
    private static let readsPerMille: UInt64 = 200
    /// Longer than any run waits.
    private static let patienceMilliseconds: UInt64 = 600_000

    let name: String
    private let loop: SimulatedLoop
    private let ledger: Ledger
    private let limits: Limits
    private let core: ClientCore
    /// Up to how many milliseconds pass between two operations, of each that is under way.
    private let pauseMilliseconds: UInt64
    /// Whether its session can expire while the nodes are out of reach.
    private let mayExpire: Bool
    /// What is under way, and the highest index that was applied when it began.
    private var underWay: [UInt64: (operation: ClientOperation, applied: LogIndex)] = [:]
    /// When calls were refused a session last, and what was applied before it can have been asked for.
    private var refusal: (time: UInt64, applied: LogIndex)?
    private var number: UInt64 = 0
    private var isStopping = false
    /// Operations that were answered; a failure is none.
    private(set) var finished = 0

    init(
        _ name: String, fabric: Fabric, addresses: [Address], ledger: Ledger, limits: Limits,
        sessionMilliseconds: UInt64, pauseMilliseconds: UInt64
    ) {
        self.name = name
        self.ledger = ledger
        self.limits = limits
        self.pauseMilliseconds = pauseMilliseconds
        loop = SimulatedLoop(world: fabric.world)
        var settings = ClientCore.Settings(endpoints: addresses, name: name)
        settings.limits = limits
        settings.connectMilliseconds = 500
        settings.pipelineWindow = Self.depth
        settings.sessionMilliseconds = sessionMilliseconds
        mayExpire = sessionMilliseconds < RunSettings().healMilliseconds
        core = ClientCore(
            loop: loop, network: SimulatedNetwork(fabric, host: name, loop: loop),
            settings: settings, coding: RecordCoding())
    }

    /// Reads that a node had no room for, each time.
    var readsPutOff: Int { core.readsPutOff }

    var isIdle: Bool { underWay.isEmpty }

    var state: String {
        "\(name) does \(underWay.sorted { $0.key < $1.key }.map { "\($0.value.operation)" })"
    }

    func start() {
        for _ in 0..<Self.depth { beginSoon() }
    }

    func stop() {
        isStopping = true
    }

    func end() {
        loop.turn { self.core.close() }
        loop.end()
    }

    private func beginSoon(after milliseconds: UInt64 = 0) {
        let pause = loop.world.random.nanoseconds(
            milliseconds: milliseconds...milliseconds + pauseMilliseconds)
        loop.world.after(pause) { self.loop.turn { self.begin() } }
    }

    private func begin() {
        guard !isStopping else { return }
        number += 1
        let present = number
        let operation = ClientOperation.choose(
            name, Int(number), readsPerMille: Self.readsPerMille, using: &loop.world.random)
        underWay[present] = (operation, ledger.highestApplied())
        let work: Call.Work
        let floor = ledger.floor
        switch operation {
        case .write(let write):
            ledger.began(write)
            work = .submission(
                transaction: ClientOperation.transaction(write).encoded(), wantsChanges: false)
        case .read(let group, let isStale):
            work = .repeatable(ClientOperation.read(group, isStale: isStale))
        }
        core.begin(
            Call(
                number: present, work: work,
                deadline: loop.now.advanced(milliseconds: Self.patienceMilliseconds)
            ) { result in
                self.answered(present, floor, result)
            })
    }

    private func answered(
        _ number: UInt64, _ floor: LogIndex, _ result: Result<Response, CallFailure>
    ) {
        if case .failure(.refused(.busy, _)) = result { noteRefusal() }
        guard let (operation, _) = underWay.removeValue(forKey: number) else {
            return ledger.violated("\(name) is answered twice: \(result)")
        }
        switch operation {
        case .write(let write): written(write, result)
        case .read(let group, let isStale):
            if case .success(.readResult(let applied, let reply)) = result {
                ledger.read(
                    group, reply, at: applied, began: isStale ? nil : floor, by: name)
            } else {
                ledger.violated("\(name) got \(result) for a read")
            }
        }
        if case .success = result { finished += 1 }
        // Who is refused a session asks for the next one later.
        if case .failure = result { return beginSoon(after: 500) }
        beginSoon()
    }

    /// One refusal ends all calls that wait for the session, one after the other; the first of them
    /// has asked for it.
    private func noteRefusal() {
        let now = loop.world.time
        guard refusal?.time != now else { return }
        let writes = underWay.values.filter { $0.operation.isWrite }
        refusal = (now, writes.map(\.applied).min() ?? ledger.highestApplied())
    }

    private func written(_ write: ClientWrite, _ result: Result<Response, CallFailure>) {
        switch result {
        case .success(.outcome(let bytes, _)):
            var reader = ByteReader(bytes)
            guard let outcome = try? Outcome.decode(&reader, limits: limits) else {
                return ledger.violated("\(name) got an outcome that cannot be read")
            }
            ledger.ended(write.name, ledger.fate(of: write, outcome))
        case .success(let response):
            ledger.violated("\(name) got \(response) for a write")
        case .failure(.sessionLost(let acknowledged, _)):
            ledger.violated(
                "\(write.name) has lost its session, acknowledged up to \(acknowledged)")
        case .failure(.refused(.busy, _)):
            // It was in no session yet, and is left out for good.
            ledger.refusedSession(name, asked: refusal?.applied ?? ledger.highestApplied())
            ledger.ended(write.name, .aborted)
        case .failure(.outcomeUnknown) where mayExpire:
            // It was sent more than once, and its session is gone: it happened once or not at all.
            ledger.sessionExpired()
            ledger.ended(write.name, .unknown)
        case .failure(let failure):
            // Its time is longer than the run.
            ledger.violated("\(write.name) has failed: \(failure)")
            ledger.ended(write.name, .unknown)
        }
    }
}
