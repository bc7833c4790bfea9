import Codec
import IOCore
import Identifiers
import Raft
import WAL

/// A value that only the jobs of one worker use.
///
/// Workers run one job at a time, each after the one before has ended, so a value that is reached in
/// the jobs of one worker alone is never reached by two threads at once: the proof of the unchecked
/// conformance, and the owner's duty.
struct WorkerBound<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) {
        self.value = value
    }
}

/// The one ordered queue of log writes: one write and one sync under way, all else gathers.
///
/// Lives on the loop; the log itself is used in jobs of the disk worker.
final class LogWriter {
    /// What the writer tells its owner, on the loop.
    enum Event {
        /// Everything up to this write is on disk.
        case durable(WriteID)
        /// The disk is full, or there are no descriptors: the group waits and is tried again.
        case full(WALFailure)
        /// The log has failed for good.
        case failed(WALFailure)
    }

    private let loop: any EventLoop
    private let worker: any Worker
    private let log: WorkerBound<WriteAheadLog>
    private let report: (Event) -> Void

    private var voting: WriteAheadLog.VotingState
    private var gathered: [WriteAheadLog.GroupRecord] = []
    private var gatheredThrough: WriteID?
    /// The group under way (or waiting for room), and since when.
    private var underWay: (group: WriteAheadLog.Group, through: WriteID, since: MonotonicTime)?
    /// Whether the disk worker has been given the group; not while it waits for room.
    private var isAttempting = false
    private(set) var statistics: WALStatistics
    private var stopped = false
    private var idleJobs: [() -> Void] = []
    private var isPreparing = false
    /// Looks in a row at which there was no spare and no idle moment to begin one.
    private var busyLooks = 0
    /// When a spare is tried again that could not be made.
    private var spareTriedAgainAt = MonotonicTime.zero
    /// Looks after which a spare is begun although the disk is busy: a segment that ends without one
    /// has a write wait for all of it.
    private static let busyLooksBorne = 10
    /// What of a spare is written and synced at a time, and a write may have to wait for.
    private static let spareBytesAtATime = 1 << 20
    /// While damage hides the end of the log, groups may meet what is there already; ends only
    /// while idle.
    var isMending: Bool {
        didSet { precondition(isIdle, "mending begins or ends with writes under way") }
    }

    init(
        loop: any EventLoop, worker: any Worker, log: WriteAheadLog,
        voting: WriteAheadLog.VotingState, isMending: Bool, report: @escaping (Event) -> Void
    ) {
        self.loop = loop
        self.worker = worker
        self.log = WorkerBound(log)
        self.voting = voting
        self.report = report
        self.isMending = isMending
        statistics = log.statistics
    }

    /// Since when the write under way has been waiting for the disk.
    var waitingSince: MonotonicTime? {
        underWay?.since
    }

    var isIdle: Bool {
        underWay == nil && gatheredThrough == nil
    }

    func writeHardState(_ state: HardState, _ id: WriteID) {
        voting = WriteAheadLog.VotingState(term: state.term, vote: state.vote)
        #if PLANTED_BUGS
            if PlantedBug.voteForgotten.isActive { voting.vote = nil }
        #endif
        gatheredThrough = id
    }

    func append(_ frame: SealedFrame) {
        gathered.append(.frame(frame))
    }

    func truncate(after index: LogIndex, _ id: WriteID) {
        gathered.append(.truncate(after: index))
        gatheredThrough = id
    }

    /// Names the write that the frames appended so far belong to.
    func mark(_ id: WriteID) {
        gatheredThrough = id
    }

    /// Starts writing what has gathered, unless a write is under way.
    func flush() {
        guard underWay == nil, let through = gatheredThrough, !stopped else { return }
        let group = WriteAheadLog.Group(voting: voting, records: gathered)
        gathered.removeAll(keepingCapacity: true)
        gatheredThrough = nil
        underWay = (group, through, loop.now)
        start(group)
    }

    /// Tries a group again that met a full disk.
    func retry() {
        guard let underWay, !isAttempting, !stopped else { return }
        start(underWay.group)
    }

    func stop() {
        stopped = true
    }

    private func start(_ group: WriteAheadLog.Group) {
        isAttempting = true
        let log = log
        let back = LoopBound(self, to: loop)
        let loop = loop
        let isMending = isMending
        worker.submit {
            let result: Result<WALStatistics, WALFailure>
            do throws(WALFailure) {
                if isMending {
                    try log.value.mend(with: group)
                } else {
                    try log.value.write(group)
                }
                result = .success(log.value.statistics)
            } catch {
                result = .failure(log.value.failure ?? error)
            }
            loop.post { back.value.finished(result) }
        }
    }

    private func finished(_ result: Result<WALStatistics, WALFailure>) {
        isAttempting = false
        guard let done = underWay, !stopped else { return }
        switch result {
        case .success(let statistics):
            self.statistics = statistics
            underWay = nil
            report(.durable(done.through))
            flush()
            runIdleJobs()
        case .failure(let failure):
            guard failure.isOfShortage else {
                logHasStopped(failure)
                return
            }
            report(.full(failure))
        }
    }

    private func logHasStopped(_ failure: WALFailure) {
        guard !stopped else { return }
        stopped = true
        report(.failed(failure))
    }

    /// Takes over statistics that a job brought back.
    func took(_ statistics: WALStatistics) {
        self.statistics = statistics
    }

    /// Has the next segment made ready: begun while nobody waits for the disk where there is such a
    /// moment, and in pieces that writes get between.
    func prepareSpareWhenIdle() {
        guard statistics.spareSegments == 0, !isPreparing, !stopped, loop.now >= spareTriedAgainAt
        else { return }
        guard isIdle || busyLooks >= Self.busyLooksBorne else {
            busyLooks += 1
            return
        }
        busyLooks = 0
        isPreparing = true
        preparePiece()
    }

    private func preparePiece() {
        let pieceBytes = Self.spareBytesAtATime
        perform { log in
            Result { try log.prepareSpare(pieceBytes: pieceBytes) }
        } done: { [self] result in
            switch result {
            case .success(false) where !stopped:
                preparePiece()
            case .success(true):
                isPreparing = false
                statistics.spareSegments = max(1, statistics.spareSegments)
            case .success:
                isPreparing = false
            case .failure:
                isPreparing = false
                spareTriedAgainAt = loop.now.advanced(milliseconds: 1_000)
            }
        }
    }

    /// Runs `job` on the loop as soon as nothing is being written and nothing waits to be.
    func whenIdle(_ job: @escaping () -> Void) {
        idleJobs.append(job)
        runIdleJobs()
    }

    private func runIdleJobs() {
        guard isIdle, !idleJobs.isEmpty else { return }
        let jobs = idleJobs
        idleJobs = []
        jobs.forEach { $0() }
    }

    /// Runs `job` with the log on the disk worker and `done` with its result on the loop.
    ///
    /// Whatever the job was for: a failure that has stopped the log is reported behind it.
    func perform<Result: Sendable>(
        _ job: @escaping @Sendable (WriteAheadLog) -> Result,
        done: @escaping (Result) -> Void
    ) {
        let log = log
        let loop = loop
        let back = LoopBound((self, done), to: loop)
        worker.submit {
            let result = job(log.value)
            let failure = log.value.failure
            loop.post {
                let (writer, done) = back.value
                done(result)
                if let failure { writer.logHasStopped(failure) }
            }
        }
    }
}
