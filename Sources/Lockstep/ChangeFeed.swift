import Client
import IOCore
import Transactions

/// The change sets of a watch, in log order, each once, until the reader stops or history is lost.
///
/// Goes on over lost connections and leader changes from the last index seen. For one reader; a
/// reader that is slow holds the cluster back from sending, not from committing.
public struct ChangeFeed: AsyncSequence, Sendable {
    public typealias Element = ChangeSet
    public typealias Failure = LockstepError

    let buffer: ChangeFeedBuffer

    public func makeAsyncIterator() -> Iterator {
        Iterator(buffer: buffer)
    }

    public struct Iterator: AsyncIteratorProtocol {
        let buffer: ChangeFeedBuffer

        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(LockstepError) -> ChangeSet? {
            try await buffer.next()
        }
    }
}

/// What lies between the loop, which appends, and one reader, which waits.
final class ChangeFeedBuffer: WatchReader {
    typealias Waiter = CheckedContinuation<Result<ChangeSet?, LockstepError>, Never>

    private struct State {
        var sets: [ChangeSet] = []
        var head = 0
        /// Change sets that the node may still send.
        var credit = 0
        /// Change sets read since the node was last given credit for them.
        var returned = 0
        var end: Result<ChangeSet?, LockstepError>?
        var waiter: Waiter?

        var count: Int {
            sets.count - head
        }

        mutating func removeFirst() -> ChangeSet {
            let set = sets[head]
            head += 1
            if head == sets.count {
                sets.removeAll(keepingCapacity: true)
                head = 0
            }
            returned += 1
            return set
        }
    }

    private enum Step {
        case given(Result<ChangeSet?, LockstepError>, owesCredit: Bool)
        case waits
    }

    private let state = Locked(State())
    private let capacity: Int
    /// Asks the loop to give credit, and tells it that the reader is gone.
    private let wantsCredit: @Sendable () -> Void
    private let readerGone: @Sendable () -> Void

    init(
        capacity: Int, wantsCredit: @escaping @Sendable () -> Void,
        readerGone: @escaping @Sendable () -> Void
    ) {
        self.capacity = capacity
        self.wantsCredit = wantsCredit
        self.readerGone = readerGone
    }

    deinit {
        readerGone()
    }

    /// The credit for a new request: all the room there is.
    func renewCredit() -> Int {
        state.withLock { state in
            state.credit = capacity - state.count
            state.returned = 0
            return state.credit
        }
    }

    /// The credit to give on top, at once for all that was read meanwhile.
    func takeReturnedCredit() -> Int {
        state.withLock { state in
            let credit = state.returned
            state.returned = 0
            state.credit += credit
            return credit
        }
    }

    /// Appends what has arrived for `credits` of credit; false if there was less.
    func append(_ sets: [Transactions.ChangeSet], credits: Int) -> Bool {
        let sets = sets.map(ChangeSet.init)
        let wake: (Waiter, ChangeSet)?
        let fits: Bool
        (fits, wake) = state.withLock { state in
            guard credits <= state.credit else { return (false, nil) }
            guard state.end == nil else { return (true, nil) }
            state.credit -= credits
            state.returned += credits - sets.count
            state.sets.append(contentsOf: sets)
            guard state.count > 0, let waiter = state.waiter else { return (true, nil) }
            state.waiter = nil
            return (true, (waiter, state.removeFirst()))
        }
        if let (waiter, set) = wake {
            waiter.resume(returning: .success(set))
            askForCredit()
        }
        return fits
    }

    /// Ends the feed behind what it holds.
    func finish(_ failure: CallFailure) {
        end(.failure(LockstepError(failure)))
    }

    private func end(_ result: Result<ChangeSet?, LockstepError>) {
        let waiter = state.withLock { state -> Waiter? in
            guard state.end == nil else { return nil }
            state.end = result
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: result)
    }

    func next() async throws(LockstepError) -> ChangeSet? {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Waiter) in
                switch take(continuation) {
                case .waits: break
                case .given(let result, let owesCredit):
                    continuation.resume(returning: result)
                    if owesCredit { askForCredit() }
                }
            }
        } onCancel: {
            end(.success(nil))
            readerGone()
        }
        return try result.get()
    }

    private func take(_ continuation: Waiter) -> Step {
        state.withLock { state in
            if state.count > 0 {
                return .given(.success(state.removeFirst()), owesCredit: true)
            }
            if let end = state.end { return .given(end, owesCredit: false) }
            precondition(state.waiter == nil, "a change feed has two readers")
            state.waiter = continuation
            return .waits
        }
    }

    private func askForCredit() {
        let due = state.withLock { $0.returned * 2 >= capacity || $0.credit == 0 }
        if due { wantsCredit() }
    }
}
