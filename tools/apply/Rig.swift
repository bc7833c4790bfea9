import Codec
import Compression
import Glibc
import IOCore
import IOPosix
import Identifiers
import KeyValue
import Properties
import PropertyStorage
import Replication
import RocksEngine
import Stores
import Transactions
import Triggers

/// An applier on an engine in a temporary folder, and the log that is applied to it.
final class Rig {
    /// CPU time a transaction, microseconds.
    struct Cost {
        let threadMicroseconds: Double
        let processMicroseconds: Double
        let aborted: Int
    }

    private var workload: Workload
    private let recordsPerFrame: Int
    private let framesPerTurn: Int
    private let folder: String
    private let applier: Applier
    private let sealer = FrameSealer(limits: .standard)
    private var end = LogIndex.zero
    private var digest = ChainDigest.empty
    /// The last sequence of each client's session; the first client's session is named 1.
    private var sequences: [UInt64]

    /// Opens an engine in a new folder below the system's temporary one.
    init(workload: Workload, recordsPerFrame: Int, framesPerTurn: Int) throws {
        self.workload = workload
        self.recordsPerFrame = recordsPerFrame
        self.framesPerTurn = framesPerTurn
        // mkdtemp(3) puts other characters in the place of the last six.
        let place = String(repeating: "X", count: 6)
        var template = Array("/tmp/lockstep-apply-\(place)".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw EngineFailure("make a folder in /tmp", reason: "mkdtemp failed")
        }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let executor = Executor(
            stores: StoreRegistry([PropertyStore(), TriggerStore()]), commitGuard: TriggerGuard())
        applier = try Applier(
            engine: try DurableEngine(folder + "/engine"), executor: executor, limits: .standard)
        sequences = Array(repeating: 0, count: workload.clients)
    }

    /// Closes the engine and removes its folder.
    func close() {
        applier.engine.close()
        do {
            try PosixFileSystem().removeTree(folder)
        } catch {
            preconditionFailure("\(folder) cannot be removed: \(error)")
        }
    }

    /// Opens one session for each client.
    func openSessions() throws {
        let records = sequences.indices.map { _ in
            Record.openSession(timeToLiveMilliseconds: 60_000, description: "bench").encoded()
        }
        _ = try apply(frames(records))
    }

    /// Makes every group, so that transactions find it.
    func fillGroups() throws {
        guard workload.propertiesPerGroup > 0 else { return }
        for client in sequences.indices {
            let records = (0..<workload.groupsPerClient).map { group in
                Record.transaction(workload.filling(client: client, group: group), origin: nil)
                    .encoded()
            }
            _ = try apply(frames(records))
        }
    }

    /// Applies that many transactions, the clients' in turn.
    @discardableResult
    func run(_ count: Int) throws -> Cost {
        var records: [[UInt8]] = []
        records.reserveCapacity(count)
        for number in 0..<count {
            let client = number % workload.clients
            sequences[client] += 1
            let origin = Origin(
                session: SessionID(UInt64(client + 1)), sequence: SequenceNumber(sequences[client]),
                acknowledgedThrough: SequenceNumber(sequences[client] - 1))
            let transaction = workload.transaction(
                client: client, number: Int(sequences[client]))
            records.append(Record.transaction(transaction, origin: origin).encoded())
        }
        let frames = frames(records)
        records = []
        let process = cpuMicroseconds(CLOCK_PROCESS_CPUTIME_ID)
        let thread = cpuMicroseconds(CLOCK_THREAD_CPUTIME_ID)
        let aborted = try apply(frames)
        let threadSpent = cpuMicroseconds(CLOCK_THREAD_CPUTIME_ID) - thread
        try applier.engine.flush()
        let processSpent = cpuMicroseconds(CLOCK_PROCESS_CPUTIME_ID) - process
        return Cost(
            threadMicroseconds: threadSpent / Double(count),
            processMicroseconds: processSpent / Double(count), aborted: aborted)
    }

    /// Seals records into the frames that follow the last ones.
    private func frames(_ records: [[UInt8]]) -> [SealedFrame] {
        stride(from: 0, to: records.count, by: recordsPerFrame).map { start in
            let part = records[start..<min(start + recordsPerFrame, records.count)]
            var payload = FramePayload.Writer(timeMilliseconds: end.rawValue + 1)
            part.forEach { payload.append($0) }
            let frame = sealer.seal(
                kind: .entries, term: Term(1), firstIndex: end.next, count: UInt32(part.count),
                raw: payload.take(), previous: digest)
            end = frame.header.lastIndex
            digest = frame.header.digest
            return frame
        }
    }

    /// Applies frames in turns; returns how many transactions aborted.
    private func apply(_ frames: [SealedFrame]) throws -> Int {
        var aborted = 0
        for start in stride(from: 0, to: frames.count, by: framesPerTurn) {
            let turn = try applier.apply(
                Array(frames[start..<min(start + framesPerTurn, frames.count)]))
            for frame in turn.frames {
                aborted += frame.results.count(where: \.isAborted)
            }
        }
        return aborted
    }
}

extension RecordResult {
    /// Whether a transaction was undone.
    fileprivate var isAborted: Bool {
        guard case .outcome(let bytes) = self, case .aborted? = try? OutcomeHeader.peek(bytes)
        else {
            return false
        }
        return true
    }
}

/// What a clock of CPU time shows, microseconds.
private func cpuMicroseconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    let status = unsafe clock_gettime(clock, &time)
    precondition(status == 0, "clock_gettime: \(errno)")
    return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
}
