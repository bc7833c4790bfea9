package import Lockstep
package import Properties

/// Waits until something happens to groups, or to the services and instances that hold them.
package struct GroupWaiting: Sendable {
    /// What happened in one transaction.
    package struct Found: Sendable, Equatable {
        /// Its index: what comes behind has not been looked at.
        package let index: UInt64
        /// Each once; `everything` alone where what happened up to `index` is not known any more.
        package let events: [GroupChangeQueue.Event]

        package init(index: UInt64, events: [GroupChangeQueue.Event]) {
            self.index = index
            self.events = events
        }
    }

    /// Services, instances or groups; what is below them counts.
    private let paths: [PropertyPath]

    package init(for paths: [PropertyPath]) {
        self.paths = paths
    }

    /// The first transaction from `start` on that changes or deletes something of the paths; nil where
    /// `limit` has passed before.
    ///
    /// What is made anew is not told.
    func first(
        _ client: LockstepClient, from start: UInt64, limit: Duration? = nil
    ) async throws(LockstepError) -> Found? {
        let feed = try client.watch(
            from: .index(start), stores: [.properties], keyPrefixes: paths.map(\.owner.description))
        let result = await withTaskGroup(of: Result<Found?, LockstepError>.self) { group in
            group.addTask {
                do throws(LockstepError) {
                    return .success(try await first(in: feed))
                } catch {
                    return .failure(error)
                }
            }
            if let limit {
                group.addTask {
                    try? await Task.sleep(for: limit)
                    return .success(nil)
                }
            }
            defer { group.cancelAll() }
            return await group.next() ?? .success(nil)
        }
        return try result.get()
    }

    /// The same in a feed, which has no end unless its client is closed: then throws `closed`.
    package func first<Feed: AsyncSequence>(
        in feed: Feed
    ) async throws(LockstepError) -> Found
    where Feed.Element == ChangeSet, Feed.Failure == LockstepError {
        do throws(LockstepError) {
            for try await set in feed {
                let events = events(of: set)
                if !events.isEmpty { return Found(index: set.index, events: events) }
            }
        } catch {
            guard case .historyLost(let first) = error else { throw error }
            return Found(index: max(first, 1) - 1, events: [.everything])
        }
        throw .closed(mayHaveExecuted: false)
    }

    private func events(of set: ChangeSet) -> [GroupChangeQueue.Event] {
        var queue = GroupChangeQueue()
        queue.take(
            set.changes.filter { $0.store == .properties }.map { change in
                GroupChangeQueue.Change(
                    key: change.key, isCreation: change.old == nil, isDeletion: change.new == nil)
            })
        var events: [GroupChangeQueue.Event] = []
        while let event = queue.next() {
            if concerns(event) { events.append(event) }
        }
        return events
    }

    /// Whether an event is of one of the paths, of something below it, or takes it away from above.
    package func concerns(_ event: GroupChangeQueue.Event) -> Bool {
        switch event {
        case .everything: true
        case .changed(let path): paths.contains { Self.isAtOrBelow(path, $0) }
        case .deleted(let path):
            paths.contains { Self.isAtOrBelow(path, $0) || Self.isAtOrBelow($0, path) }
        }
    }

    /// Whether `path` is `top` or something of it.
    private static func isAtOrBelow(_ path: PropertyPath, _ top: PropertyPath) -> Bool {
        guard path.service == top.service else { return false }
        guard top.instance != nil || top.group != nil else { return true }
        return path.instance == top.instance && (top.group == nil || path.group == top.group)
    }
}

extension PropertyRepository {
    /// The service, instance or group that is to be waited for.
    ///
    /// Throws `notFound` where it is not there: its making would not be told. Where the wait begins in
    /// the past, what is named whole may have gone since.
    package func waitedFor(
        _ text: String, isPast: Bool
    ) async throws(RepositoryFailure) -> PropertyPath {
        let pattern = try EntityPattern.read(text)
        let owner: PropertyPath
        if isPast, let exact = pattern.exact {
            owner = exact
        } else {
            owner = try await findOne(pattern.owner)
        }
        guard let property = pattern.property else { return owner }
        let path = PropertyPath(
            service: owner.service, instance: owner.instance, group: property)
        guard let path else {
            throw .failed(
                CommandFailure(
                    .usage,
                    "\(text) names no property group; what changes is told for whole groups"))
        }
        guard !isPast else { return path }
        guard try await group(path) != nil else { throw .notFound("there is no \(path)") }
        return path
    }
}
