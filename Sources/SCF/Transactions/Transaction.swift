package import Properties

/// Edits of one group that happen together, or not at all (*scf_transaction_create*).
///
/// | state | goes on by |
/// |---|---|
/// | reset | `start` |
/// | started | `commit` to committed; an entry or a value that is taken away, to invalid |
/// | committed, invalid | `reset` and its kin, as from any state |
package final class Transaction: HandleObject {
    private enum State {
        case reset
        /// The group as it was shown at the start: the version that is edited.
        case started(GroupView, binding: UInt64)
        case committed
        /// Something was taken from it before it was committed; its entries still take values.
        case invalid
        /// Something was taken from it when it had been committed.
        case invalidSince
    }

    private var state = State.reset
    private var entries: [String: Entry] = [:]

    /// Begins to edit the version that `group` shows (*scf_transaction_start*): `inUse`, `deleted`,
    /// `permissionDenied` for a snapshot's.
    package func start(_ group: Group) throws(Failure) {
        try requireSameHandle(group)
        try handle.locked { () throws(Failure) in
            guard case .reset = state else { throw .inUse }
            let view = try group.present()
            try view.requireWritable()
            state = .started(view, binding: handle.binding)
        }
    }

    /// Takes up an edit of the property `name` (*scf_transaction_property_…*).
    ///
    /// What the version that is edited forbids is told here: `exists`, `notFound`, `typeMismatch`.
    package func add(
        _ entry: Entry, _ action: Entry.Action, _ name: @autoclosure () throws(Failure) -> String,
        _ type: PropertyType?
    ) throws(Failure) {
        try requireSameHandle(entry)
        try handle.locked { () throws(Failure) in
            if action != .delete, type == nil { throw .invalidArgument }
            guard case .started(let view, let binding) = state, binding == handle.binding else {
                throw .notSet
            }
            let name = try name()
            guard entries[name] == nil, entry.part == nil else { throw .inUse }
            try handle.requirePresent(view)
            try Names.require(name, as: .property)
            let present = view.base[name]
            switch action {
            case .new:
                if present != nil { throw .exists }
            case .change:
                guard let present else { throw .notFound }
                guard present.type == type else { throw .typeMismatch }
            case .changeType, .delete:
                guard present != nil else { throw .notFound }
            }
            entry.part = Entry.Part(
                transaction: self, name: name, action: action,
                type: action == .delete ? nil : type)
            entries[name] = entry
        }
    }

    /// Submits the edits (*scf_transaction_commit*); false where the version is not the newest.
    ///
    /// `invalidArgument` where it is not started, `deleted`, `connectionBroken` where nobody can tell;
    /// `noResources` for more than 10,000 edits, and where it surely did not happen.
    package func commit() throws(Failure) -> Bool {
        try handle.locked { () throws(Failure) in
            guard case .started(let view, let binding) = state else { throw .invalidArgument }
            _ = try handle.cluster()
            guard binding == handle.binding else { throw .invalidArgument }
            let edits = entries.sorted { $0.key < $1.key }.compactMap { $0.value.edit() }
            guard edits.count == entries.count, edits.count <= GroupCommit.editLimit else {
                throw .noResources
            }
            state = .committed
            let header = view.base.header
            let commit = GroupCommit(
                view.path, groupID: header.id, base: header.version, edits: edits)
            return try handle.submit(.commitGroup(commit)) != nil
        }
    }

    /// Lets go of all entries, whose values keep what they hold.
    package func reset() {
        handle.locked { _ = release() }
    }

    /// Lets go of all entries and resets their values.
    package func resetAll() {
        handle.locked {
            let values = entries.values.flatMap(\.values)
            _ = release()
            values.forEach { $0.clear() }
        }
    }

    /// Resets it; the entries and values that it had, for their owner to free.
    package func dissolve() -> (entries: [Entry], values: [Value]) {
        handle.locked {
            let values = entries.values.flatMap(\.values)
            let entries = release()
            values.forEach { $0.clear() }
            return (entries, values)
        }
    }

    // MARK: - Under the lock

    /// Whether its entries take values: from the start until the commit.
    var isOpen: Bool {
        switch state {
        case .started, .invalid: true
        case .reset, .committed, .invalidSince: false
        }
    }

    /// It cannot be committed any more.
    func invalidate() {
        state = isOpen ? .invalid : .invalidSince
    }

    /// An entry has gone: it cannot be committed any more.
    func lose(_ entry: Entry) {
        if let name = entry.part?.name { entries[name] = nil }
        invalidate()
    }

    private func release() -> [Entry] {
        let released = Array(entries.values)
        entries = [:]
        released.forEach { $0.detach() }
        state = .reset
        return released
    }
}
