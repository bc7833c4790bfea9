import Client
import Codec
import IOCore
import Identifiers
import KeyValue
import Properties
import SCF
import Transactions

/// The properties of a cluster in memory, which any number of handles share.
///
/// It executes what they submit as every node does; there is no log below it.
final class MemoryCluster: Sendable {
    private struct State {
        var view = Overlay(over: MemoryEngine())
        var executor = Executor(stores: StoreRegistry([PropertyStore()]))
        var index = LogIndex(0)
        var failure: CallFailure?
    }

    private let state = Locked(State())

    /// What every call fails with from now on; nil for nothing.
    func fail(_ failure: CallFailure?) {
        state.withLock { $0.failure = failure }
    }

    /// The number of operations that were submitted.
    var submissions: UInt64 {
        state.withLock { $0.index.rawValue }
    }

    /// A handle of this cluster that is not bound yet.
    func handle() throws(Failure) -> Handle {
        try Handle(version: Handle.version) { [self] _ in Connection(self) }
    }

    /// A handle that is bound.
    func boundHandle() throws(Failure) -> Handle {
        let handle = try handle()
        try handle.bind { _ in nil }
        return handle
    }

    fileprivate func answer(_ query: PropertyQuery) throws(CallFailure) -> ReadAnswer {
        try state.withLock { (state) throws(CallFailure) in
            if let failure = state.failure { throw failure }
            do throws(StoreFailure) {
                return .found(
                    try state.executor.read(
                        .properties, kind: query.kind, body: query.body, from: state.view))
            } catch {
                switch error {
                case .abort(let code, _): return .aborted(code)
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
                return try state.executor.execute(
                    Transactions.Transaction(steps: [.operation(operation.operation)]),
                    index: state.index, timeMilliseconds: 1, in: &state.view
                ).outcome
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

        func read(_ query: PropertyQuery) throws(CallFailure) -> ReadAnswer {
            try cluster.answer(query)
        }

        func submit(_ operation: PropertyOperation) throws(CallFailure) -> Outcome {
            try cluster.execute(operation)
        }

        func close() {}
    }
}
