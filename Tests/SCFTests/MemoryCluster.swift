import Client
import Codec
import IOCore
import Identifiers
import KeyValue
import Properties
import PropertyStorage
import SCF
import Stores
import Transactions
import Wire

/// The properties of a cluster in memory, which any number of handles share.
///
/// It executes what they submit as every node does; there is no log below it.
final class MemoryCluster: Sendable {
    private struct State {
        var view = Overlay(over: MemoryEngine())
        var executor = Executor(stores: StoreRegistry([PropertyStore()]))
        var index = LogIndex(0)
        var failure: CallFailure?
        /// Questions that were answered.
        var reads = 0
        /// What they were answered with.
        var readBytes = 0
        var now = MonotonicTime.zero
        /// Everything that has changed, as the feed keeps it.
        var changes: [ChangeSet] = []
        var firstKept = LogIndex(1)
        /// What others do while a watch waits, each once.
        var meanwhile: [@Sendable () -> Void] = []
        var openWatches = 0
        var preferred: Address?
        /// Transactions that a watch is told of at once.
        var setsAtOnce = Int.max
    }

    private let state = Locked(State())
    /// What the process of the handles knows of that are not said to be another's.
    private let known = KnownIndex()

    /// What every call fails with from now on; nil for nothing.
    func fail(_ failure: CallFailure?) {
        state.withLock { $0.failure = failure }
    }

    /// Lets `deed` happen in the next wait for changes that finds none.
    func meanwhile(_ deed: @escaping () -> Void) {
        let deed = Deed(run: deed)
        state.withLock { state in state.meanwhile.append { deed.run() } }
    }

    /// What others do; run by the thread of the test that waits.
    private struct Deed: @unchecked Sendable {
        let run: () -> Void
    }

    /// Watches get no more than `count` change sets at once.
    func pageChanges(by count: Int) {
        state.withLock { $0.setsAtOnce = count }
    }

    /// Nobody knows any more what has changed so far.
    func forgetChanges() {
        state.withLock { state in
            state.changes = []
            state.index = state.index.next
            state.firstKept = state.index.next
        }
    }

    /// Watches that have not been closed.
    var openWatches: Int {
        state.withLock { $0.openWatches }
    }

    /// The node that the handle bound last asks first.
    var preferred: Address? {
        state.withLock { $0.preferred }
    }

    /// The number of operations that were submitted.
    var submissions: UInt64 {
        state.withLock { $0.index.rawValue }
    }

    /// The number of questions that were answered.
    var reads: Int {
        state.withLock { $0.reads }
    }

    /// The number of bytes that they were answered with.
    var readBytes: Int {
        state.withLock { $0.readBytes }
    }

    private static let identity = ClusterID(Bits128(high: 1, low: 2))

    /// Lets time pass.
    func advance(milliseconds: UInt64) {
        state.withLock { $0.now = $0.now.advanced(milliseconds: milliseconds) }
    }

    /// A handle of this cluster that is not bound yet, of the process that knows what `known` does.
    func handle(known: KnownIndex? = nil) throws(Failure) -> Handle {
        try Handle(
            version: Handle.version,
            known: { [own = self.known] in known ?? ($0 == Self.identity ? own : KnownIndex()) },
            now: { [self] in state.withLock { $0.now } }
        ) { [self] _ in Connection(self) }
    }

    /// A handle that is bound.
    func boundHandle(known: KnownIndex? = nil) throws(Failure) -> Handle {
        let handle = try handle(known: known)
        try handle.bind { _ in nil }
        return handle
    }

    fileprivate func answer(_ query: PropertyQuery) throws(CallFailure) -> ReadAnswer {
        try state.withLock { (state) throws(CallFailure) in
            if let failure = state.failure { throw failure }
            do throws(StoreFailure) {
                state.reads += 1
                let bytes = try state.executor.read(
                    .properties, kind: query.kind, body: query.body, from: state.view)
                state.readBytes += bytes.count
                return .found(applied: state.index, bytes)
            } catch {
                switch error {
                case .abort(let code, _): return .aborted(applied: state.index, code)
                case .engine(let failure): throw .outcomeUnknown("\(failure)")
                }
            }
        }
    }

    fileprivate func execute(_ operation: PropertyOperation) throws(CallFailure) -> Outcome {
        try state.withLock { (state) throws(CallFailure) in
            if let failure = state.failure { throw failure }
            state.index = state.index.next
            state.view.version = state.index
            do throws(EngineFailure) {
                let execution = try state.executor.execute(
                    Transactions.Transaction(steps: [.operation(operation.operation)]),
                    index: state.index, timeMilliseconds: 1, in: &state.view)
                if let set = execution.changeSet { state.changes.append(set) }
                return execution.outcome
            } catch {
                throw .outcomeUnknown("\(error)")
            }
        }
    }

    /// The way of one handle.
    private final class Connection: Cluster {
        private let cluster: MemoryCluster

        init(_ cluster: MemoryCluster) {
            self.cluster = cluster
        }

        var identity: ClusterID? { MemoryCluster.identity }

        func prefer(_ node: Address) {
            cluster.state.withLock { $0.preferred = node }
        }

        func read(_ query: PropertyQuery) throws(CallFailure) -> ReadAnswer {
            try cluster.answer(query)
        }

        func submit(_ operation: PropertyOperation) throws(CallFailure) -> Outcome {
            try cluster.execute(operation)
        }

        func watch(
            _ keyPrefixes: [String], from start: LogIndex
        ) throws(CallFailure) -> any ClusterWatch {
            cluster.state.withLock { $0.openWatches += 1 }
            return MemoryWatch(cluster, keyPrefixes, from: start)
        }

        func close() {}
    }

    /// A watch that waits no time: where nothing has come, its time is over.
    private final class MemoryWatch: ClusterWatch {
        private struct Reading {
            var next: LogIndex
            var isEnded = false
        }

        private let cluster: MemoryCluster
        private let keyPrefixes: [String]
        private let reading: Locked<Reading>

        init(_ cluster: MemoryCluster, _ keyPrefixes: [String], from start: LogIndex) {
            self.cluster = cluster
            self.keyPrefixes = keyPrefixes
            reading = Locked(Reading(next: start))
        }

        var now: MonotonicTime {
            .zero
        }

        func next(until deadline: MonotonicTime?) throws(CallFailure) -> WatchAnswer {
            while true {
                let from = reading.withLock { $0.next }
                if reading.withLock({ $0.isEnded }) { return .ended }
                let (sets, deed) = try cluster.state.withLock { (state) throws(CallFailure) in
                    guard from >= state.firstKept else {
                        throw .historyLost(firstRetained: state.firstKept)
                    }
                    let sets = state.changes.filter { $0.index >= from }.prefix(state.setsAtOnce)
                    let isDue = sets.isEmpty && !state.meanwhile.isEmpty
                    return (sets, isDue ? state.meanwhile.removeFirst() : nil)
                }
                if let last = sets.last {
                    reading.withLock { $0.next = last.index.next }
                    let request = WatchRequest(
                        start: .now, keyPrefixes: keyPrefixes, credit: 0)
                    let wanted = sets.compactMap(request.filtered)
                    if !wanted.isEmpty { return .changes(wanted) }
                } else if let deed {
                    deed()
                } else {
                    return .quiet
                }
            }
        }

        func end() {
            reading.withLock { $0.isEnded = true }
        }

        func close() {
            cluster.state.withLock { $0.openWatches -= 1 }
        }
    }
}
