import Client
import Identifiers
import Properties
import Transactions

/// What a handle is to be told of (*_scf_notify_add_pgname*, *_scf_notify_add_pgtype*).
///
/// Changes count from when the first of them was asked for.
///
/// However much has happened meanwhile, it is read page by page, and a group is told once for all of it:
/// what the watch tells later of a group, up to the record through which it was shown, is left out.
final class Notices {
    /// Names and types that one handle may ask for.
    static let patternLimit = 64

    let watch: any ClusterWatch
    /// Under the handle's lock.
    var names: Set<String> = []
    /// Under the handle's lock.
    var types: Set<String> = []
    /// Whether a thread waits; under the handle's lock.
    var isAwaited = false
    /// The waiting thread's alone.
    private var queue = GroupChangeQueue()
    /// What could not be told, and is told first; the waiting thread's alone.
    private var untold: GroupChangeQueue.Event?
    /// The groups that were told, and through which record each was shown; the waiting thread's alone.
    ///
    /// What the watch has not told of them up to there is known already.
    private var shown: [PropertyPath: LogIndex] = [:]
    /// The last record in `shown`.
    private var shownThrough = LogIndex.zero
    /// Groups that `shown` holds at the most; where there are more it forgets, and some are told twice.
    private static let shownLimit = 65_536

    private let known: KnownIndex

    init(_ watch: any ClusterWatch, _ known: KnownIndex) {
        self.watch = watch
        self.known = known
    }

    /// The next thing that has happened; nil where the handle was unbound meanwhile.
    func next() throws(CallFailure) -> GroupChangeQueue.Event? {
        while true {
            if let event = untold.take() ?? queue.next() { return event }
            switch try watch.next(until: nil) {
            case .changes(let sets): take(sets)
            case .quiet: continue
            case .ended: return nil
            }
        }
    }

    /// Takes in what has happened since groups were shown; of other groups everything.
    ///
    /// Of what is deleted as a whole only that is told, and not the groups that go with it.
    private func take(_ sets: [ChangeSet]) {
        for set in sets {
            known.hear(set.index)
            let changes = set.groupChanges
            let deleted = Set(
                changes.compactMap { change in
                    change.isDeletion ? PropertyPath(change.key) : nil
                }.filter { $0.property == nil })
            // What is made again after its deletion was told is told again too.
            for path in deleted { shown[path] = nil }
            let parts = deleted.filter { $0.group != nil && deleted.contains($0.owner) }
            queue.take(
                changes.filter { change in
                    !isShown(change, at: set.index)
                        && !(change.isDeletion && isOne(of: parts, change))
                })
            for group in parts { queue.dropChanges(of: group) }
            if set.index >= shownThrough { shown = [:] }
        }
    }

    private func isOne(of paths: Set<PropertyPath>, _ change: GroupChangeQueue.Change) -> Bool {
        guard !paths.isEmpty, let path = PropertyPath(change.key) else { return false }
        return paths.contains(path)
    }

    private func isShown(_ change: GroupChangeQueue.Change, at index: LogIndex) -> Bool {
        guard !shown.isEmpty, !change.isDeletion || PropertyPath(change.key)?.property != nil,
            let group = PropertyPath(change.key)?.groupPath, let through = shown[group]
        else { return false }
        return index <= through
    }

    /// A group was read as it was at `index`, to be told or not.
    func noteShown(_ group: PropertyPath, at index: LogIndex) {
        if shown.count >= Self.shownLimit { shown = [:] }
        shown[group] = index
        shownThrough = max(shownThrough, index)
    }

    /// Tells `event` again, first of all.
    func putBack(_ event: GroupChangeQueue.Event) {
        untold = event
    }

    /// Whether a changed group is to be told, as far as its name alone says so; nil: by its type.
    func wants(name: String?) -> Bool? {
        if let name, names.contains(name) { return true }
        return types.isEmpty ? false : nil
    }
}

extension ChangeSet {
    /// What has happened to the tree.
    var groupChanges: [GroupChangeQueue.Change] {
        changes.filter { $0.store == .properties }.map { change in
            GroupChangeQueue.Change(
                key: change.key, isCreation: change.old == nil, isDeletion: change.new == nil)
        }
    }
}

extension Handle {
    /// Tells of changes to groups of this name (*_scf_notify_add_pgname*).
    ///
    /// `notBound`, `invalidArgument`, `noResources` for more than 64 names and types.
    package func notice(groupsNamed name: String) throws(Failure) {
        try locked { () throws(Failure) in
            _ = try cluster()
            try Names.require(name, as: .group)
            let notices = try openNotices()
            guard notices.names.contains(name) || notices.hasRoom else { throw .noResources }
            notices.names.insert(name)
        }
    }

    /// Tells of changes to groups of this type (*_scf_notify_add_pgtype*); as above.
    package func notice(groupsOfType type: String) throws(Failure) {
        try locked { () throws(Failure) in
            _ = try cluster()
            try Names.require(type, as: .groupType)
            let notices = try openNotices()
            guard notices.types.contains(type) || notices.hasRoom else { throw .noResources }
            notices.types.insert(type)
        }
    }

    /// What this binding is told; made on first use, from what is now on; under the lock.
    private func openNotices() throws(Failure) -> Notices {
        if let notices { return notices }
        // Any read will do: it knows of all that was told before.
        guard let any = PropertyPath(service: "any") else { throw .internal }
        _ = try read(.entity(any), EntityReply.init)
        let made = Notices(try watch([], from: readIndex.next), known)
        notices = made
        return made
    }

    /// Waits until something has happened that this handle is to be told of (*_scf_notify_wait*).
    ///
    /// A changed group is shown in `target`, and the result is nil; the FMRI of what was deleted, whatever
    /// it was, is the result. The lock is not held meanwhile. `connectionBroken` without a binding, and
    /// where what happened is not known any more; `notSet` where nothing is to be told, and where the handle
    /// was unbound meanwhile; `exists` where another thread waits already.
    package func awaitNotice(_ target: Group) throws(Failure) -> String? {
        let notices = try locked { () throws(Failure) -> Notices in
            target.show(nil)
            guard isBound else { throw .connectionBroken }
            guard let notices = self.notices else { throw .notSet }
            guard !notices.isAwaited else { throw .exists }
            notices.isAwaited = true
            return notices
        }
        defer {
            locked {
                notices.isAwaited = false
                if self.notices !== notices { notices.watch.close() }
            }
        }
        while true {
            let event: GroupChangeQueue.Event?
            do throws(CallFailure) {
                event = try notices.next()
            } catch {
                throw .connectionBroken
            }
            switch event {
            case nil: throw .notSet
            case .everything: throw .connectionBroken
            case .deleted(let path): return path.description
            case .changed(let path):
                do throws(Failure) {
                    if try show(path, in: target, for: notices) { return nil }
                } catch {
                    notices.putBack(.changed(path))
                    throw error
                }
            }
        }
    }

    /// Shows a group that has changed, where it is to be told and is there still.
    private func show(
        _ path: PropertyPath, in target: Group, for notices: Notices
    ) throws(Failure) -> Bool {
        try locked { () throws(Failure) in
            guard self.notices === notices else { throw .notSet }
            let byName = notices.wants(name: path.group)
            guard byName != false else { return false }
            do throws(Failure) {
                let view = try group(path, of: try entity(path.owner))
                notices.noteShown(path, at: readIndex)
                guard byName == true || notices.types.contains(view.group.header.type) else {
                    return false
                }
                target.show(view)
                return true
            } catch {
                // Its deletion is told next.
                if error == .notFound || error == .deleted { return false }
                throw error
            }
        }
    }
}

extension Notices {
    fileprivate var hasRoom: Bool {
        names.count + types.count < Self.patternLimit
    }
}
