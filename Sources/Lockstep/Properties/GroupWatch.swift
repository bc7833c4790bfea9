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
    private struct Events: ReadSource {
        var queue = GroupChangeQueue()

        mutating func next() -> GroupEvent? {
            queue.next().map(GroupEvent.init)
        }
    }

    private let port: ReaderPort<Events>
    private let drain: Task<Void, Never>

    /// `again` gives a feed from an index where history was lost.
    init(
        _ feed: ChangeFeed,
        again: @escaping @Sendable (UInt64) throws(LockstepError) -> ChangeFeed
    ) {
        let port = ReaderPort(Events(), "a group watch")
        self.port = port
        drain = Task {
            var feed = feed
            while true {
                do throws(LockstepError) {
                    for try await set in feed { Self.take(set, into: port) }
                    port.end(.success(nil))
                    return
                } catch {
                    guard case .historyLost(let first) = error, let next = try? again(first) else {
                        port.end(.failure(error))
                        return
                    }
                    feed = next
                    port.fill { events, _ in events.queue.loseTrack() }
                }
            }
        }
    }

    deinit {
        drain.cancel()
    }

    func next() async throws(LockstepError) -> GroupEvent? {
        let drain = self.drain
        return try await port.next { drain.cancel() }
    }

    private static func take(_ set: ChangeSet, into port: ReaderPort<Events>) {
        let changes = set.changes.filter { $0.store == .properties }.map { change in
            GroupChangeQueue.Change(
                key: change.key, isCreation: change.old == nil, isDeletion: change.new == nil)
        }
        port.fill { events, _ in events.queue.take(changes) }
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
