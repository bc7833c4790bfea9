import Properties

/// A property group as it was at one version (*scf_pg_create*).
///
/// It shows that version until `update`, whatever others do meanwhile.
package final class Group: Register<GroupView> {
    /// The flag of groups that a restart of the cluster clears (`SCF_PG_FLAG_NONPERSISTENT`).
    package static let nonPersistent: UInt32 = 1

    package func name() throws(Failure) -> String {
        try handle.locked { () throws(Failure) in try present().path.group ?? "" }
    }

    package func type() throws(Failure) -> String {
        try handle.locked { () throws(Failure) in try present().group.header.type }
    }

    package func flags() throws(Failure) -> UInt32 {
        try handle.locked { () throws(Failure) in
            try present().group.header.isPersistent ? 0 : Self.nonPersistent
        }
    }

    /// Its FMRI; that of a group of a snapshot names the instance, whatever its level.
    package func fmri() throws(Failure) -> String {
        try handle.locked { () throws(Failure) in try present().fmri }
    }

    /// Shows its service in `target`: `constraintViolated` where it is an instance's.
    package func parent(_ target: Service?) throws(Failure) {
        try find(target) { () throws(Failure) in
            try owner { $0.instance == nil }
        }
    }

    /// Shows its instance in `target`: `constraintViolated` where it is a service's.
    package func parent(_ target: Instance?) throws(Failure) {
        try find(target) { () throws(Failure) in
            try owner { $0.instance != nil }
        }
    }

    /// Shows the level that holds it in `target`: `constraintViolated` where no snapshot does.
    package func parent(_ target: Snaplevel?) throws(Failure) {
        try find(target) { () throws(Failure) in
            guard case .level(let level) = try present().origin else { throw .constraintViolated }
            return level
        }
    }

    /// The service or instance whose it is, where that is of the wanted kind; under the lock.
    private func owner(_ isWanted: (PropertyPath) -> Bool) throws(Failure) -> Entity {
        let view = try present()
        guard isWanted(view.path) else { throw .constraintViolated }
        return switch view.origin {
        case .owner(let owner): owner
        case .composition(let instance, _):
            view.path.instance == nil ? try handle.entity(view.path.owner) : instance
        case .level: throw .constraintViolated
        }
    }

    /// Shows the group of its name of the instance's service (*scf_pg_get_underlying_pg*).
    ///
    /// `notFound`, for every group of a snapshot too.
    package func underlying(_ target: Group?) throws(Failure) {
        try requireSameHandle(target)
        try handle.locked { () throws(Failure) in
            // It may be looked for from the very object that is to show it.
            let shown = Result { () throws(Failure) in try present() }
            target?.show(nil)
            let view = try shown.get()
            target?.show(try underlying(view))
        }
    }

    private func underlying(_ view: GroupView) throws(Failure) -> GroupView {
        if case .level = view.origin { throw .notFound }
        guard view.path.instance != nil, let name = view.path.group,
            let path = view.path.servicePath.group(name)
        else { throw .notFound }
        return try handle.group(path, of: try handle.entity(path.owner))
    }

    /// Shows the property `name` of the version that is shown (*scf_pg_get_property*): `notFound`.
    package func property(
        _ name: @autoclosure () throws(Failure) -> String, _ target: Property?
    ) throws(Failure) {
        try find(target) { () throws(Failure) in
            let name = try name()
            try Names.requireLength(name)
            let view = try present()
            try Names.require(name, as: .property)
            guard let content = view.group[name] else { throw .notFound }
            return PropertyView(group: view, property: .init(name: name, content: content))
        }
    }

    /// Shows the newest version (*scf_pg_update*); false where it did already; `deleted`.
    package func update() throws(Failure) -> Bool {
        try handle.locked { () throws(Failure) in
            guard let newest = try handle.refreshed(try current()) else { return false }
            show(newest)
            return true
        }
    }

    /// Deletes the group (*scf_pg_delete*): `deleted`, `permissionDenied` for a snapshot's.
    package func delete() throws(Failure) {
        try handle.locked { () throws(Failure) in
            let view = try current()
            try view.requireWritable()
            _ = try handle.submit(.delete(view.path, id: view.base.header.id))
        }
    }

    /// What it shows, of a group that is there still: `deleted`; under the lock.
    func present() throws(Failure) -> GroupView {
        let view = try current()
        try handle.requirePresent(view)
        return view
    }
}
