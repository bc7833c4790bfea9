import Properties

/// A part of a snapshot: the groups of the instance, or those of its service (*scf_snaplevel_create*).
package final class Snaplevel: Register<LevelView> {
    /// The name of the service it was taken of (*scf_snaplevel_get_service_name*).
    package func serviceName() throws(Failure) -> String {
        try handle.locked { () throws(Failure) in
            try handle.takenNames(of: try current().snapshot).service
        }
    }

    /// The name of the instance: `constraintViolated` for the service's level.
    package func instanceName() throws(Failure) -> String {
        try handle.locked { () throws(Failure) in
            let view = try current()
            let names = try handle.takenNames(of: view.snapshot)
            guard view.level == .instance else { throw .constraintViolated }
            return names.instance
        }
    }

    /// The name of the scope (*scf_snaplevel_get_scope_name*).
    package func scopeName() throws(Failure) -> String {
        try handle.locked { () throws(Failure) in
            _ = try present()
            return Scope.local
        }
    }

    /// Shows its snapshot in `target` (*scf_snaplevel_get_parent*).
    package func parent(_ target: Snapshot?) throws(Failure) {
        try find(target) { () throws(Failure) in try present().snapshot }
    }

    /// Shows the level below, that of the service, in `target`: `notFound` behind the last.
    ///
    /// An object that is to show its own next level stays what it is where there is none.
    package func next(_ target: Snaplevel?) throws(Failure) {
        try requireSameHandle(target)
        try handle.locked { () throws(Failure) in
            if target !== self { target?.show(nil) }
            let view = try present()
            guard view.level == .instance else { throw .notFound }
            target?.show(LevelView(snapshot: view.snapshot, level: .service))
        }
    }

    /// Shows the group `name` as the snapshot holds it (*scf_snaplevel_get_pg*): `notFound`.
    package func group(
        _ name: @autoclosure () throws(Failure) -> String, _ target: Group?
    ) throws(Failure) {
        try find(target) { () throws(Failure) in
            let name = try name()
            try Names.requireLength(name)
            let view = try present()
            guard let path = view.owner.group(name) else { throw .invalidArgument }
            let found = try handle.composedGroup(
                name, of: view.snapshot.instance, in: view.snapshot)
            guard let group = found.group(at: view.level) else { throw .notFound }
            return GroupView(path: path, origin: .level(view), group: group)
        }
    }

    /// What it shows, of a snapshot that is there still: `deleted`; under the lock.
    func present() throws(Failure) -> LevelView {
        let view = try current()
        try handle.requirePresent(view.snapshot)
        return view
    }
}

/// What a name of an instance stood for when it was looked at.
package struct SnapshotView {
    let instance: Entity
    let path: SnapshotPath
    let name: SnapshotName
    let content = SnapshotContent()
}

/// One level of a snapshot.
package struct LevelView {
    let snapshot: SnapshotView
    let level: SnapshotLevel

    /// Whose groups it holds.
    var owner: PropertyPath {
        let instance = snapshot.path.instance
        return level == .instance ? instance : instance.servicePath
    }
}

extension Handle {
    /// What the name of `view` stands for now: `deleted`; under the lock.
    func newest(_ view: SnapshotView) throws(Failure) -> SnapshotName {
        try found(view).name
    }

    private func found(_ view: SnapshotView) throws(Failure) -> SnapshotReply.Found {
        let reference = SnapshotReference(view.path, id: view.name.id)
        let query = PropertyQuery.snapshot(reference, instanceID: view.instance.id)
        guard let found = try read(query, SnapshotReply.init).found else { throw .deleted }
        return found
    }

    /// The service and the instance that a snapshot was taken of: `deleted`; under the lock.
    ///
    /// A snapshot that was attached has another's; where it has been replaced since it was looked at,
    /// the names of its own instance.
    func takenNames(
        of view: SnapshotView
    ) throws(Failure) -> (service: String, instance: String) {
        let found = try found(view)
        guard found.name == view.name else {
            copyRest(of: view)
            return (view.path.instance.service, view.path.instance.instance ?? "")
        }
        return (found.content.service, found.content.instance)
    }

    /// Throws `deleted` where the name is gone.
    ///
    /// Where it stands for another and somebody has begun to read this one, the rest is copied as long as
    /// the cluster keeps it.
    func requirePresent(_ view: SnapshotView) throws(Failure) {
        let isReplaced = try newest(view) != view.name
        saw(.snapshot(view.name.id))
        if isReplaced { copyRest(of: view) }
    }

    /// What a composition is made from.
    static func composition(of instance: Entity, in snapshot: SnapshotView?) -> ComposedSource {
        ComposedSource(instance.path, id: instance.id, content: snapshot?.name.content)
    }
}
