import Properties

/// A part of a snapshot: the groups of the instance, or those of its service (*scf_snaplevel_create*).
package final class Snaplevel: Register<LevelView> {
    /// The name of the service (*scf_snaplevel_get_service_name*).
    package func serviceName() throws(Failure) -> String {
        try handle.locked { () throws(Failure) in
            try present().snapshot.path.instance.service
        }
    }

    /// The name of the instance: `constraintViolated` for the service's level.
    package func instanceName() throws(Failure) -> String {
        try handle.locked { () throws(Failure) in
            let view = try present()
            guard view.level == .instance, let name = view.snapshot.path.instance.instance else {
                throw .constraintViolated
            }
            return name
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
    package func group(_ name: String, _ target: Group?) throws(Failure) {
        try find(target) { () throws(Failure) in
            try Names.requireLength(name)
            let view = try present()
            guard let path = view.owner.group(name) else { throw .invalidArgument }
            let content = view.snapshot.name.content
            let query = PropertyQuery.levelGroup(content: content, view.level, name: name)
            guard let group = try handle.read(query, GroupReply.init).group else {
                throw .notFound
            }
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
        let reference = SnapshotReference(view.path, id: view.name.id)
        let query = PropertyQuery.snapshot(reference, instanceID: view.instance.id)
        guard let found = try read(query, SnapshotReply.init).found else { throw .deleted }
        return found.name
    }

    /// Throws `deleted` where the name is gone.
    func requirePresent(_ view: SnapshotView) throws(Failure) {
        _ = try newest(view)
    }

    /// What a composition is made from.
    static func composition(of instance: Entity, in snapshot: SnapshotView?) -> ComposedSource {
        ComposedSource(instance.path, id: instance.id, content: snapshot?.name.content)
    }
}
