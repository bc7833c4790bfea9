import Client
import Codec
import IOCore
import Identifiers
import Lockstep
import Transactions
import Wire

/// One client of a benchmark: a connection and session of its own, one transaction at a time.
///
/// Lives on the loop. After a lost connection or a change of leader it connects anew and sends the
/// transaction that is under way again, under the same number.
final class BenchClient {
    struct Tally: Sendable {
        var latencies = Latencies()
        var committed: UInt64 = 0
        var aborted: UInt64 = 0
        /// Connections made anew, transactions sent again.
        var retries: UInt64 = 0
        var lastProblem: String?
    }

    private let loop: any EventLoop
    private let network: any Network
    private let number: Int
    private let workload: Workload
    private let nodes: [Address]
    private var target: Address
    private var nextNode = 0
    private var random: SeededGenerator
    private var driver: ConnectionDriver?
    private var session: SessionID?
    private var sequence: UInt64 = 0
    private var request: UInt32 = 0
    /// The transaction under way and when it was sent first.
    private var pending: (transaction: [UInt8], since: MonotonicTime)?
    /// When the request that awaits an answer was sent.
    private var askedAt: MonotonicTime?
    private var watchTimer: TimerID?
    private var isStopping = false
    private let done: () -> Void
    private(set) var tally = Tally()
    /// What falls before this counts as warming up.
    var measuringSince: MonotonicTime

    init(
        number: Int, workload: Workload, nodes: [Address], leader: Address, loop: any EventLoop,
        network: any Network, measuringSince: MonotonicTime, done: @escaping () -> Void
    ) {
        self.number = number
        self.workload = workload
        self.nodes = nodes
        self.loop = loop
        self.network = network
        self.measuringSince = measuringSince
        self.done = done
        target = leader
        random = workload.source(client: number)
    }

    func start() {
        let driver = ConnectionDriver(loop: loop, network: network, address: target)
        self.driver = driver
        driver.start { [unowned self] event in received(event) }
        if watchTimer == nil { watchForSilence() }
    }

    /// Leaves a node that has not answered for some seconds: one that is stopped, or cut off by a
    /// network that swallows everything, ends no connection by itself.
    private func watchForSilence() {
        let own = LoopBound(self, to: loop)
        watchTimer = loop.schedule(at: loop.now.advanced(milliseconds: 1_000)) {
            let client = own.value
            client.watchTimer = nil
            if let asked = client.askedAt, client.driver != nil,
                client.loop.now.milliseconds(since: asked) >= Self.patienceMilliseconds
            {
                client.retry("\(client.target) has fallen silent")
            }
            client.watchForSilence()
        }
    }

    private static let patienceMilliseconds: UInt64 = 3_000

    /// Ends after the transaction that is under way.
    func stop() {
        isStopping = true
        if pending == nil { finish() }
    }

    /// Ends now.
    func abandon() {
        guard driver != nil || !isStopping else { return }
        isStopping = true
        finish()
    }

    private func finish() {
        driver?.close(flush: true)
        driver = nil
        if let watchTimer { loop.cancel(watchTimer) }
        done()
    }

    private func received(_ event: ConnectionDriver.Event) {
        switch event {
        case .ready: opened()
        case .response(_, let response): answered(response)
        case .closed(let closing): retry("\(closing)")
        }
    }

    private func opened() {
        if session == nil {
            send(
                .openSession(timeToLiveMilliseconds: 60_000, description: "bench client \(number)"))
        } else {
            submit()
        }
    }

    private func answered(_ response: Response) {
        askedAt = nil
        switch response {
        case .sessionOpened(let session):
            self.session = session
            sequence = 0
            next()
        case .outcome(let bytes, _): finished(bytes)
        case .error(.notLeader(_, let address)):
            if let leader = Address(address) { target = leader }
            retry("not the leader")
        case .error(.sessionExpired):
            session = nil
            retry("session expired")
        case .error(let error): retry("\(error)")
        case .done, .readResult, .readAborted, .watchStarted, .changeSets, .watchEnded, .status,
            .digest, .snapshotTaken, .verified, .logFrames:
            retry("an answer to another request")
        }
    }

    private func next() {
        guard !isStopping else {
            finish()
            return
        }
        sequence += 1
        do throws(LockstepError) {
            let transaction = try workload.transaction(
                client: number, number: Int(sequence), random: &random)
            pending = (transaction.encoded(), loop.now)
        } catch {
            tally.lastProblem = error.description
            isStopping = true
            finish()
            return
        }
        submit()
    }

    private func submit() {
        guard let session, let pending else {
            next()
            return
        }
        let origin = Origin(
            session: session, sequence: SequenceNumber(sequence),
            acknowledgedThrough: SequenceNumber(sequence - 1))
        send(
            .submit(
                Submission(
                    origin: origin, wantsChanges: false, transaction: pending.transaction)))
    }

    private func send(_ message: Request) {
        guard let driver, driver.isOpen else { return }
        request &+= 1
        askedAt = loop.now
        driver.send(RequestID(request), message)
    }

    private func finished(_ bytes: [UInt8]) {
        guard let pending else { return }
        self.pending = nil
        let now = loop.now
        if pending.since >= measuringSince {
            tally.latencies.add(nanoseconds: now.nanoseconds - pending.since.nanoseconds)
            var reader = ByteReader(bytes)
            switch try? Outcome.decode(&reader, limits: .standard) {
            case .committed: tally.committed += 1
            case .aborted(_, let abort):
                tally.aborted += 1
                tally.lastProblem = "\(abort)"
            case nil:
                tally.aborted += 1
                tally.lastProblem = "unreadable outcome"
            }
        }
        next()
    }

    private func retry(_ reason: String) {
        tally.retries += 1
        tally.lastProblem = reason
        askedAt = nil
        driver?.close()
        driver = nil
        if reason != "not the leader", !nodes.isEmpty {
            nextNode += 1
            target = nodes[nextNode % nodes.count]
        }
        let own = LoopBound(self, to: loop)
        _ = loop.schedule(at: loop.now.advanced(milliseconds: 50)) {
            let client = own.value
            if client.driver == nil, !client.isStopping || client.pending != nil { client.start() }
        }
    }
}

extension Lockstep.Transaction {
    /// The bytes that go into the log.
    fileprivate func encoded() -> [UInt8] {
        var writer = ByteWriter()
        Transactions.Transaction(steps: steps).encode(into: &writer)
        return writer.take()
    }
}
