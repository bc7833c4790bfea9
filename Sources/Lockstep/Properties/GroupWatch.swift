import IOCore
import Properties

/// What has become of property groups, from a watch.
public enum GroupEvent: Hashable, Sendable {
    /// The group of this path has another version; it may have changed often.
    case changed(String)
    /// The service, the instance or the group of this path is gone, perhaps made again since.
    case deleted(String)
    /// What happened in between is not known any more: read everything anew.
    case everything
}

/// Groups that change, each told once however often it changed since it was told last.
///
/// The creation of a group is not told. A reader may be as slow as it likes: what waits for it is
/// folded, and holds nobody back. For one reader.
public struct GroupWatch: AsyncSequence, Sendable {
    public typealias Element = GroupEvent
    public typealias Failure = LockstepError

    let reader: GroupWatchReader

    public func makeAsyncIterator() -> Iterator {
        Iterator(reader: reader)
    }

    public struct Iterator: AsyncIteratorProtocol {
        let reader: GroupWatchReader

        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(LockstepError) -> GroupEvent? {
            try await reader.next()
        }
    }
}

/// Drains a change feed into a queue from which one reader takes.
final class GroupWatchReader: Sendable {
    typealias Waiter = CheckedContinuation<Result<GroupEvent?, LockstepError>, Never>

    private struct State {
        var queue = GroupChangeQueue()
        var end: Result<GroupEvent?, LockstepError>?
        var waiter: Waiter?
    }

    private let state: Locked<State>
    private let drain: Task<Void, Never>

    /// `feeds` gives a feed from the beginning, and one from an index where history was lost.
    init(
        _ feed: ChangeFeed,
        again: @escaping @Sendable (UInt64) throws(LockstepError) -> ChangeFeed
    ) {
        let state = Locked(State())
        self.state = state
        drain = Task {
            var feed = feed
            while true {
                do throws(LockstepError) {
                    for try await set in feed { Self.take(set, into: state) }
                    Self.end(.success(nil), state)
                    return
                } catch {
                    guard case .historyLost(let first) = error, let next = try? again(first) else {
                        Self.end(.failure(error), state)
                        return
                    }
                    feed = next
                    state.withLock { $0.queue.loseTrack() }
                    Self.wake(state)
                }
            }
        }
    }

    deinit {
        drain.cancel()
    }

    func next() async throws(LockstepError) -> GroupEvent? {
        let state = self.state
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Waiter) in
                let now: Result<GroupEvent?, LockstepError>? = state.withLock { state in
                    if let event = state.queue.next() { return .success(GroupEvent(event)) }
                    if let end = state.end { return end }
                    precondition(state.waiter == nil, "a group watch has two readers")
                    state.waiter = continuation
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            Self.end(.success(nil), state)
            drain.cancel()
        }
        return try result.get()
    }

    private static func take(_ set: ChangeSet, into state: Locked<State>) {
        let changes = set.changes.filter { $0.store == .properties }.map { change in
            GroupChangeQueue.Change(
                key: change.key, isCreation: change.old == nil, isDeletion: change.new == nil)
        }
        state.withLock { $0.queue.take(changes) }
        wake(state)
    }

    /// Gives a reader that waits the first event, if there is one.
    private static func wake(_ state: Locked<State>) {
        let due = state.withLock { state -> (Waiter, GroupEvent)? in
            guard let waiter = state.waiter, let event = state.queue.next() else { return nil }
            state.waiter = nil
            return (waiter, GroupEvent(event))
        }
        if let (waiter, event) = due { waiter.resume(returning: .success(event)) }
    }

    private static func end(
        _ result: Result<GroupEvent?, LockstepError>, _ state: Locked<State>
    ) {
        let waiter = state.withLock { state -> Waiter? in
            guard state.end == nil else { return nil }
            state.end = result
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: result)
    }
}

extension GroupEvent {
    fileprivate init(_ event: GroupChangeQueue.Event) {
        switch event {
        case .changed(let path): self = .changed(path.description)
        case .deleted(let path): self = .deleted(path.description)
        case .everything: self = .everything
        }
    }
}

extension LockstepClient {
    /// Follows the groups whose names begin with one of the prefixes, or all; see `GroupWatch`.
    ///
    /// What it tells happened behind `start`: to miss nothing, watch from an index whose state is read.
    public func watchGroups(
        keyPrefixes: [String] = [], from start: WatchStart = .now, timeout: Duration? = nil
    ) throws(LockstepError) -> GroupWatch {
        let feed = try watch(
            from: start, stores: [.properties], keyPrefixes: keyPrefixes, timeout: timeout)
        return GroupWatch(
            reader: GroupWatchReader(feed) { [weak self] first throws(LockstepError) in
                guard let self else { throw .closed(mayHaveExecuted: false) }
                return try watch(
                    from: .index(first), stores: [.properties], keyPrefixes: keyPrefixes,
                    timeout: timeout)
            })
    }
}
