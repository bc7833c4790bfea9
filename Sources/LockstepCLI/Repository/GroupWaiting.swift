package import Lockstep

/// Waits until something happens to groups, or to the services and instances that hold them.
package struct GroupWaiting {
    let client: LockstepClient
    /// Of services, instances or groups; what is below them counts.
    let paths: [String]

    /// The next change or deletion; nil where `limit` has passed before.
    ///
    /// What is made anew is not told. From `start` on, or from now.
    func next(
        from start: UInt64?, limit: Duration? = nil
    ) async throws(LockstepError) -> GroupEvent? {
        let owners = paths.map {
            String($0.prefix(upTo: $0.firstRange(of: "/:")?.lowerBound ?? $0.endIndex))
        }
        let watch = try client.watchGroups(
            keyPrefixes: owners, from: start.map(WatchStart.index) ?? .now)
        let paths = self.paths
        let result = await withTaskGroup(of: Result<GroupEvent?, LockstepError>.self) { group in
            group.addTask {
                do throws(LockstepError) {
                    for try await event in watch where Self.concerns(event, paths) {
                        return .success(event)
                    }
                    return .success(nil)
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

    /// Whether an event is of one of the paths, of something below it, or takes it away from above.
    package static func concerns(_ event: GroupEvent, _ paths: [String]) -> Bool {
        switch event {
        case .everything: true
        case .changed(let path): paths.contains { isAtOrBelow(path, $0) }
        case .deleted(let path):
            paths.contains { isAtOrBelow(path, $0) || isAtOrBelow($0, path) }
        }
    }

    /// Whether `path` is `top` or something of it.
    private static func isAtOrBelow(_ path: String, _ top: String) -> Bool {
        guard path.hasPrefix(top) else { return false }
        return path.count == top.count || "/:".contains(path.dropFirst(top.count).prefix(1))
    }
}
