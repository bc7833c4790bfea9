package import Codec
package import Identifiers
package import KeyValue
package import Transactions

/// Runs transactions on a view: all of one's steps, or none.
///
/// The outcome is a pure function of the view and the transaction. The caller gives the rows that
/// are put the version `index`. An executor belongs to one view and is used by one thread at a
/// time; `limits` must be the same on all nodes.
package struct Executor: Sendable {
    package let stores: StoreRegistry
    package let limits: Limits
    private var commitGuard: (any CommitGuard)?

    package init(
        stores: StoreRegistry, commitGuard: (any CommitGuard)? = nil, limits: Limits = .standard
    ) {
        self.stores = stores
        self.commitGuard = commitGuard
        self.limits = limits
    }

    /// Applies `transaction` to `view`, which is unchanged where it aborts.
    ///
    /// - Throws: where the engine failed; the view is in an unknown state then.
    @specialized(where V == Overlay)
    package mutating func execute<V: View>(
        _ transaction: Transaction, index: LogIndex, timeMilliseconds: UInt64, in view: inout V
    ) throws(EngineFailure) -> Execution {
        var context = ApplyContext(index: index, timeMilliseconds: timeMilliseconds)
        let abort: Abort
        switch try check(transaction, in: view) {
        case .some(let refusal):
            abort = refusal
        case nil:
            let savepoint = view.savepoint()
            switch try run(transaction, in: &view, context: &context) {
            case .success(let outcome):
                view.release(savepoint)
                return Execution(
                    committed: outcome, index: index, timeMilliseconds: timeMilliseconds,
                    properties: transaction.properties, changes: context.changes)
            case .failure(let failure):
                view.rollback(to: savepoint)
                view.release(savepoint)
                abort = failure
            }
        }
        return Execution(
            aborted: abort, index: index, timeMilliseconds: timeMilliseconds,
            properties: transaction.properties)
    }

    /// Stores the cursors of a record.
    package mutating func apply<V: View>(
        _ cursors: [TriggerCursor], to view: inout V
    ) throws(EngineFailure) {
        try commitGuard?.advance(cursors, in: &view)
    }

    /// The view shows another state, by a snapshot or a rollback of the caller's.
    package mutating func stateReplaced() {
        commitGuard?.forget()
    }

    /// Checks what can be checked without state, before the transaction enters the log.
    package func validate(_ transaction: Transaction) throws(Abort) {
        if let abort = checkLimits(transaction) { throw abort }
        for (number, step) in transaction.steps.enumerated() {
            guard case .operation(let operation) = step else { continue }
            guard let store = stores[operation.store] else {
                throw unknownStore(operation.store, step: number)
            }
            do {
                try store.validate(operation)
            } catch {
                switch error {
                case .abort(let code, let message):
                    throw makeAbort(number, code, message)
                case .engine(let failure):
                    preconditionFailure("validation read state: \(failure)")
                }
            }
        }
    }

    /// Whether to apply the transaction itself takes little time, however large the state.
    package func isQuick(_ transaction: Transaction) -> Bool {
        transaction.steps.count <= Self.quickSteps && transaction.expectations.isEmpty
            && transaction.steps.allSatisfy { step in
                guard case .operation(let operation) = step else { return true }
                return stores[operation.store]?.isQuick(operation) ?? true
            }
    }

    /// Steps of a transaction that counts as quick, at the most.
    private static let quickSteps = 16

    /// Answers a read of `store`.
    package func read<V: ReadView>(
        _ store: StoreID, kind: UInt8, body: [UInt8], from view: V
    ) throws(StoreFailure) -> [UInt8] {
        guard let found = stores[store] else {
            throw .abort(.unknownStore, unknownStore(store, step: nil).message)
        }
        return try found.read(kind: kind, body: body, from: view)
    }
}

// MARK: - Steps

extension Executor {
    private mutating func run<V: View>(
        _ transaction: Transaction, in view: inout V, context: inout ApplyContext
    ) throws(EngineFailure) -> Result<CommittedOutcome, Abort> {
        try commitGuard?.prepare(view)
        var outcome = CommittedOutcome(index: context.index, results: transaction.steps.count)
        steps: for (number, step) in transaction.steps.enumerated() {
            switch step {
            case .abort(let reason):
                return .failure(makeAbort(number, .requested, reason))
            case .operation(let operation):
                guard let store = stores[operation.store] else {
                    return .failure(unknownStore(operation.store, step: number))
                }
                context.step = UInt32(number)
                do {
                    outcome.append(try store.apply(operation, to: &view, context: &context))
                } catch {
                    return .failure(try abort(number, error))
                }
                // Not only at the end: what many steps would gather may not fit into memory.
                if exceedsLimits(context) { break steps }
            }
        }
        if let abort = checkEffects(resultBytes: outcome.resultBytes, context) {
            return .failure(abort)
        }
        return try review(transaction, in: view, context: context).map(Result.failure)
            ?? .success(outcome)
    }

    private mutating func review<V: View>(
        _ transaction: Transaction, in view: V, context: ApplyContext
    ) throws(EngineFailure) -> Abort? {
        guard let found = commitGuard,
            found.reviews(touchingTriggers: context.changes.touchTriggers)
        else { return nil }
        let commit = ProposedCommit(
            index: context.index, timeMilliseconds: context.timeMilliseconds,
            properties: transaction.properties, changes: context.changes.decoded(),
            stores: stores)
        do {
            try commitGuard?.review(commit, in: view)
            return nil
        } catch {
            return try abort(nil, error)
        }
    }

    /// The abort that `failure` stands for; throws where the engine failed.
    private func abort(_ step: Int?, _ failure: StoreFailure) throws(EngineFailure) -> Abort {
        switch failure {
        case .abort(let code, let message): return makeAbort(step, code, message)
        case .engine(let failure): throw failure
        }
    }

    func makeAbort(_ step: Int?, _ code: AbortCode, _ message: String) -> Abort {
        guard message.utf8.count > Abort.messageBytes else {
            return Abort(step: step, code: code, message: message)
        }
        var end = message.startIndex
        var bytes = 0
        for character in message.unicodeScalars {
            bytes += UTF8.width(character)
            guard bytes <= Abort.messageBytes else { break }
            end = message.unicodeScalars.index(after: end)
        }
        return Abort(step: step, code: code, message: String(message[..<end]))
    }

    func unknownStore(_ store: StoreID, step: Int?) -> Abort {
        Abort(
            step: step, code: .unknownStore,
            message: "this cluster has no store \(store.rawValue); upgrade it or the client")
    }
}
