import Client
import Identifiers
import Properties
import Transactions

extension Group {
    private typealias Waiting = (
        watch: any ClusterWatch, known: KnownIndex, groups: [PropertyPath]
    )

    /// Waits until there is another version than the one that is shown, or the group is gone.
    ///
    /// True at once where that is so already, and false where the time is over before
    /// (*_scf_pg_wait*). The lock is not held meanwhile. `connectionBroken` without a binding, and where
    /// nobody can tell; `notSet`; `deleted` where it was gone before.
    ///
    /// - Parameter milliseconds: how long at most; nil: for ever.
    package func awaitChange(milliseconds: UInt64?) throws(Failure) -> Bool {
        let waiting = try handle.locked { () throws(Failure) -> Waiting? in
            guard handle.isBound else { throw .connectionBroken }
            let view = try current()
            if try handle.refreshed(view) != nil { return nil }
            let watch = try handle.watch(
                [view.path.servicePath.description], from: handle.readIndex.next)
            // The handle may be bound to another cluster meanwhile.
            return (watch, handle.known, view.watchedGroups)
        }
        guard let (watch, known, groups) = waiting else { return true }
        defer { watch.close() }
        let deadline = milliseconds.map { watch.now.advanced(milliseconds: $0) }
        while true {
            let answer: WatchAnswer
            do throws(CallFailure) {
                answer = try watch.next(until: deadline)
            } catch {
                throw .connectionBroken
            }
            switch answer {
            case .quiet, .ended: return false
            case .changes(let sets):
                if let last = sets.last { known.hear(last.index) }
                var queue = GroupChangeQueue()
                sets.forEach { queue.take($0.groupChanges) }
                while let event = queue.next() {
                    if event.concerns(groups) { return true }
                }
            }
        }
    }
}

extension GroupView {
    /// The groups whose changes change what is shown; none of a snapshot do.
    fileprivate var watchedGroups: [PropertyPath] {
        switch origin {
        case .owner: [path]
        case .level: []
        case .composition:
            [path] + (path.group.flatMap { path.servicePath.group($0) }.map { [$0] } ?? [])
        }
    }
}

extension GroupChangeQueue.Event {
    fileprivate func concerns(_ groups: [PropertyPath]) -> Bool {
        switch self {
        case .changed(let path), .deleted(let path): groups.contains(path)
        case .everything: true
        }
    }
}
