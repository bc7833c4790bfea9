package import Client
import Codec
import IOCore
import Identifiers
public import Logging
import Transactions
import Wire

/// A client of one cluster: finds the leader, submits transactions exactly once, reads, watches.
///
/// Connects at the first call. Calls may be made from any task and at the same time; they are
/// pipelined over one connection. Every call has a deadline, over all its retries, after which it
/// throws `timedOut`; a cancelled task gets `cancelled`. A transaction whose answer was lost with a
/// leader is asked for again with its own number until its outcome is known, and is never executed
/// twice. Call `close` when done.
public final class LockstepClient: Sendable {
    private struct State {
        var isClosed = false
        var nextCall: UInt64 = 1
    }

    public let configuration: ClientConfiguration
    let coding = RecordCoding()
    private let runtime: any ClientRuntime
    private let state = Locked(State())
    private let core = Locked<LoopBound<ClientCore>?>(nil)

    /// A client with a thread of its own; nothing is connected before the first call.
    ///
    /// Throws `invalidArgument` for a configuration without sense.
    public convenience init(
        configuration: ClientConfiguration, logger: Logger? = nil
    ) throws(LockstepError) {
        if let objection = configuration.objection { throw .invalidArgument(objection) }
        try self.init(
            configuration: configuration, logger: logger, runtime: LoopThread(name: "lockstep"))
    }

    /// A client on a loop and network of the caller's; ends the runtime even where it throws.
    package init(
        configuration: ClientConfiguration, logger: Logger? = nil, runtime: any ClientRuntime
    ) throws(LockstepError) {
        let settings: ClientCore.Settings
        do throws(LockstepError) {
            if let objection = configuration.objection { throw .invalidArgument(objection) }
            settings = try ClientCore.Settings(configuration)
        } catch {
            runtime.loop.post { runtime.end() }
            throw error
        }
        self.configuration = configuration
        self.runtime = runtime
        let (core, loop, coding) = (self.core, runtime.loop, self.coding)
        runtime.begin { network in
            let value = ClientCore(
                loop: loop, network: network, settings: settings, coding: coding
            ) { logger?.log($0) }
            core.withLock { $0 = LoopBound(value, to: loop) }
        }
    }

    deinit {
        close()
    }

    /// Fails what is under way with `closed`, and lets go of the thread and the connections.
    ///
    /// Later calls fail at once; a second `close` does nothing.
    public func close() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return }
        let (core, runtime) = (self.core, self.runtime)
        runtime.loop.post {
            core.withLock { $0 }?.value.close()
            core.withLock { $0 = nil }
            runtime.end()
        }
    }

    // MARK: - Calls

    /// Submits a transaction and waits for what became of it.
    ///
    /// Throws for everything but `committed` and `aborted`; see `LockstepError.mayHaveExecuted`.
    public func submit(
        _ transaction: Transaction, timeout: Duration? = nil
    ) async throws(LockstepError) -> TransactionOutcome {
        let replicated = transaction.replicated
        let bytes = coding.encode(replicated)
        try replicated.check(encodedBytes: bytes.count, limits: .standard)
        let work = Call.Work.submission(transaction: bytes, wantsChanges: transaction.wantsChanges)
        let response = try await perform(work, timeout: timeout)
        guard case .outcome(let outcome, let changes) = response else { throw unexpected(response) }
        return try decode(outcome, changes)
    }

    /// Submits a transaction; throws `aborted` if it does not take effect.
    @discardableResult
    public func commit(
        _ transaction: Transaction, timeout: Duration? = nil
    ) async throws(LockstepError) -> Commit {
        switch try await submit(transaction, timeout: timeout) {
        case .committed(let commit): return commit
        case .aborted(let abort): throw .aborted(abort)
        }
    }

    /// Reads from one store, in its own encoding.
    public func read(
        store: StoreKind, kind: UInt8, body: [UInt8],
        consistency: ReadConsistency = .linearizable, timeout: Duration? = nil
    ) async throws(LockstepError) -> ReadResult {
        let request = ReadRequest(
            store: store.identifier, kind: kind, body: body, consistency: consistency.wire)
        let response = try await perform(.repeatable(.read(request)), timeout: timeout)
        switch response {
        case .readResult(let applied, let bytes):
            return ReadResult(appliedIndex: applied.rawValue, bytes: bytes)
        case .readAborted(let applied, let code, let message):
            let abort = Abort(step: nil, code: code, message: message)
            throw .aborted(TransactionAbort(abort, index: applied))
        default:
            throw unexpected(response)
        }
    }

    /// Follows the transactions that take effect.
    ///
    /// `keyPrefixes` and `stores` let through only changes that match one of each; empty means all. A
    /// store that is given twice counts once.
    /// The feed ends with `timedOut` where no node takes the watch within `timeout` (by default that
    /// of the configuration); once one has, it goes on over any loss of connections.
    public func watch(
        from start: WatchStart = .now, stores: [StoreKind] = [], keyPrefixes: [String] = [],
        includesAborted: Bool = false, timeout: Duration? = nil
    ) throws(LockstepError) -> ChangeFeed {
        guard keyPrefixes.count <= WatchRequest.mostKeyPrefixes else {
            throw .invalidArgument("\(keyPrefixes.count) key prefixes; the most are 256")
        }
        let limit = Limits.standard.keyBytes
        guard keyPrefixes.allSatisfy({ $0.utf8.count <= limit }) else {
            throw .invalidArgument("a key prefix is over \(limit) bytes")
        }
        let template = WatchRequest(
            start: start.wire, stores: StoreKind.allCases.filter(stores.contains).map(\.identifier),
            keyPrefixes: keyPrefixes,
            includesAborted: includesAborted, credit: 0)
        let wait = (timeout ?? configuration.requestTimeout).wholeMilliseconds
        let deadline = runtime.loop.now.advanced(milliseconds: wait)
        let number = takeNumber()
        let buffer = ChangeFeedBuffer(capacity: configuration.watchBuffer) { [weak self] in
            self?.post { $0.grantCredit(number) }
        } readerGone: { [weak self] in
            self?.post { $0.cancelWatch(number) }
        }
        let posted = post { [weak buffer] core in
            guard let buffer else { return }
            core.begin(
                Watch(number: number, template: template, deadline: deadline, reader: buffer))
        }
        guard posted else { throw .closed(mayHaveExecuted: false) }
        return ChangeFeed(buffer: buffer)
    }

    // MARK: - Inside

    /// Sends a call to the leader, or to one named node, and waits for its answer.
    func perform(
        _ work: Call.Work, at endpoint: Endpoint? = nil, timeout: Duration? = nil
    ) async throws(LockstepError) -> Response {
        let wait = (timeout ?? configuration.requestTimeout).wholeMilliseconds
        let deadline = runtime.loop.now.advanced(milliseconds: wait)
        let number = takeNumber()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<Result<Response, CallFailure>, Never>) in
                if Task.isCancelled {
                    continuation.resume(returning: .failure(.cancelled(mayHaveExecuted: false)))
                    return
                }
                let posted = post { core in
                    let call = Call(number: number, work: work, deadline: deadline) {
                        continuation.resume(returning: $0)
                    }
                    if let endpoint {
                        core.begin(call, at: Address(endpoint))
                    } else {
                        core.begin(call)
                    }
                }
                if !posted {
                    continuation.resume(returning: .failure(.closed(mayHaveExecuted: false)))
                } else if Task.isCancelled {
                    // The handler below may have run before the call was posted.
                    post { $0.cancel(number) }
                }
            }
        } onCancel: {
            post { $0.cancel(number) }
        }
        switch result {
        case .success(let response): return response
        case .failure(let failure): throw LockstepError(failure, at: endpoint)
        }
    }

    func unexpected(_ response: Response) -> LockstepError {
        .protocolViolation("an answer of kind \(response.kind) to a request of another")
    }

    private func decode(
        _ outcome: [UInt8], _ changes: [UInt8]?
    ) throws(LockstepError) -> TransactionOutcome {
        do throws(DecodingFailure) {
            switch try coding.outcome(outcome) {
            case .aborted(let index, let abort):
                return .aborted(TransactionAbort(abort, index: index))
            case .committed(let index, let results):
                let set: ChangeSet? =
                    if let changes { ChangeSet(try coding.changeSet(changes)) } else { nil }
                return .committed(Commit(index: index.rawValue, results: results, changes: set))
            }
        } catch {
            throw .protocolViolation("outcome: \(error)")
        }
    }

    private func takeNumber() -> UInt64 {
        state.withLock { state in
            defer { state.nextCall += 1 }
            return state.nextCall
        }
    }

    /// Runs `job` on the loop; false, and never, when the client is closed.
    ///
    /// What is posted before `close` runs before it, so that every caller is answered.
    @discardableResult
    private func post(_ job: @escaping @Sendable (ClientCore) -> Void) -> Bool {
        let core = self.core
        return state.withLock { state in
            guard !state.isClosed else { return false }
            runtime.loop.post {
                if let bound = core.withLock({ $0 }) { job(bound.value) }
            }
            return true
        }
    }
}
