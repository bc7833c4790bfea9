import Properties

/// What an instance and its service held at a moment (*scf_snapshot_create*).
///
/// It shows what the name stood for until `update`. What no name stands for any more is gone:
/// what is asked of it is `deleted`.
package final class Snapshot: Register<SnapshotView> {
    package func name() throws(Failure) -> String {
        try handle.locked { () throws(Failure) in try present().path.name }
    }

    /// Shows its instance in `target` (*scf_snapshot_get_parent*): `deleted`.
    package func parent(_ target: Instance?) throws(Failure) {
        try find(target) { () throws(Failure) in try present().instance }
    }

    /// Shows what the name stands for now (*scf_snapshot_update*); false where it did already.
    package func update() throws(Failure) -> Bool {
        try handle.locked { () throws(Failure) in
            let view = try current()
            let newest = try handle.newest(view)
            guard newest != view.name else { return false }
            handle.copyRest(of: view)
            show(SnapshotView(instance: view.instance, path: view.path, name: newest))
            return true
        }
    }

    /// Shows its first level, that of the instance, in `target` (*scf_snapshot_get_base_snaplevel*).
    package func baseLevel(_ target: Snaplevel?) throws(Failure) {
        try find(target) { () throws(Failure) in
            LevelView(snapshot: try present(), level: .instance)
        }
    }

    /// Takes the instance as it is now under this name (*_scf_snapshot_take_attach*).
    ///
    /// `update` shows it. `invalidArgument` where the snapshot is another instance's.
    package func take(of instance: Instance) throws(Failure) {
        try requireSameHandle(instance)
        try handle.locked { () throws(Failure) in
            let owner = try instance.current()
            let view = try current()
            guard owner.id == view.instance.id else { throw .invalidArgument }
            let take = SnapshotTake(
                view.path, instanceID: owner.id, mode: .replace(view.name.id))
            _ = try handle.submit(.takeSnapshot(take), SnapshotName.init)
        }
    }

    /// Makes its name stand for what `source` stands for (*_scf_snapshot_attach*).
    package func attach(_ source: Snapshot) throws(Failure) {
        try requireSameHandle(source)
        try handle.locked { () throws(Failure) in
            let from = try source.current()
            let view = try current()
            let operation = PropertyOperation.attachSnapshot(
                SnapshotReference(from.path, id: from.name.id),
                to: SnapshotReference(view.path, id: view.name.id))
            _ = try handle.submit(operation, SnapshotName.init)
        }
    }

    /// Deletes the name (*_scf_snapshot_delete*): `deleted`.
    package func delete() throws(Failure) {
        try handle.locked { () throws(Failure) in
            let view = try current()
            _ = try handle.submit(
                .deleteSnapshot(SnapshotReference(view.path, id: view.name.id)))
        }
    }

    /// What it shows, under a name that is there still: `deleted`; under the lock.
    func present() throws(Failure) -> SnapshotView {
        let view = try current()
        try handle.requirePresent(view)
        return view
    }
}

extension Instance {
    /// Shows the snapshot `name` in `target` (*scf_instance_get_snapshot*): `notFound`.
    package func snapshot(
        _ name: @autoclosure () throws(Failure) -> String, _ target: Snapshot?
    ) throws(Failure) {
        try find(target) { () throws(Failure) in
            let name = try name()
            try Names.requireLength(name)
            let owner = try current()
            guard let path = SnapshotPath(owner.path, name) else {
                try handle.requirePresent(owner)
                throw .invalidArgument
            }
            let query = PropertyQuery.snapshot(SnapshotReference(path), instanceID: owner.id)
            guard let found = try handle.read(query, SnapshotReply.init).found else {
                throw .notFound
            }
            return SnapshotView(instance: owner, path: path, name: found.name)
        }
    }

    /// Takes the instance as it is now under a new name (*_scf_snapshot_take_new*): `exists`.
    package func takeSnapshot(
        _ name: @autoclosure () throws(Failure) -> String, _ target: Snapshot?
    ) throws(Failure) {
        try find(target) { () throws(Failure) in
            let name = try name()
            try Names.requireLength(name)
            let owner = try current()
            guard let path = SnapshotPath(owner.path, name) else {
                try handle.requirePresent(owner)
                throw .invalidArgument
            }
            let take = SnapshotTake(path, instanceID: owner.id, mode: .new)
            let taken = try handle.submit(.takeSnapshot(take), SnapshotName.init)
            return SnapshotView(instance: owner, path: path, name: taken)
        }
    }

    /// Shows the group `name` of the instance together with its service's of that name.
    ///
    /// As they are, or as `snapshot` holds them (*scf_instance_get_pg_composed*): `notFound`.
    package func composedGroup(
        _ name: @autoclosure () throws(Failure) -> String, in snapshot: Snapshot?,
        _ target: Group?
    ) throws(Failure) {
        try requireSameHandle(snapshot)
        try find(target) { () throws(Failure) in
            let name = try name()
            try Names.requireLength(name)
            // Of a snapshot the instance itself is not asked.
            let view = try snapshot?.present()
            let instance = if let view { view.instance } else { try current() }
            guard instance.path.group(name) != nil else {
                if view == nil { try handle.requirePresent(instance) }
                throw .invalidArgument
            }
            let composed = try handle.composedGroup(name, of: instance, in: view)
            guard let found = GroupView(composed, name, of: instance, in: view) else {
                throw .notFound
            }
            return found
        }
    }
}
