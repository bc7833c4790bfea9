import SCF

// scf_snapshot_create(3SCF), scf_snaplevel_create(3SCF), and what libscf_priv.h has of them

@c(scf_snapshot_create) public func scfSnapshotCreate(_ handle: ObjectPointer?) -> ObjectPointer? {
    unsafe make { () throws(Failure) in Snapshot(try unsafe parent(handle)) }
}

@c(scf_snapshot_handle) public func scfSnapshotHandle(
    _ snapshot: ObjectPointer?
) -> ObjectPointer? {
    unsafe handlePointer(snapshot)
}

@c(scf_snapshot_destroy) public func scfSnapshotDestroy(_ snapshot: ObjectPointer?) {
    unsafe release(snapshot)
}

@c(scf_snapshot_get_name) public func scfSnapshotGetName(
    _ snapshot: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(snapshot, Snapshot.self).name(), to: buffer, size)
    }
}

@c(scf_snapshot_get_parent) public func scfSnapshotGetParent(
    _ snapshot: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(snapshot, Snapshot.self).parent(optional(target))
    }
}

@c(scf_snapshot_update) public func scfSnapshotUpdate(_ snapshot: ObjectPointer?) -> CInt {
    answer { () throws(Failure) in
        try unsafe object(snapshot, Snapshot.self).update() ? 1 : 0
    }
}

@c(scf_snapshot_get_base_snaplevel) public func scfSnapshotGetBaseSnaplevel(
    _ snapshot: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(snapshot, Snapshot.self).baseLevel(optional(target))
    }
}

@c(scf_instance_get_snapshot) public func scfInstanceGetSnapshot(
    _ instance: ObjectPointer?, _ name: Text?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(instance, Instance.self).snapshot(text(name), optional(target))
    }
}

@c(scf_instance_get_pg_composed) public func scfInstanceGetPGComposed(
    _ instance: ObjectPointer?, _ snapshot: ObjectPointer?, _ name: Text?,
    _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(instance, Instance.self).composedGroup(
            text(name), in: optional(snapshot), optional(target))
    }
}

// MARK: - Levels

@c(scf_snaplevel_create) public func scfSnaplevelCreate(
    _ handle: ObjectPointer?
) -> ObjectPointer? {
    unsafe make { () throws(Failure) in Snaplevel(try unsafe parent(handle)) }
}

@c(scf_snaplevel_handle) public func scfSnaplevelHandle(
    _ level: ObjectPointer?
) -> ObjectPointer? {
    unsafe handlePointer(level)
}

@c(scf_snaplevel_destroy) public func scfSnaplevelDestroy(_ level: ObjectPointer?) {
    unsafe release(level)
}

@c(scf_snaplevel_get_parent) public func scfSnaplevelGetParent(
    _ level: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(level, Snaplevel.self).parent(optional(target))
    }
}

@c(scf_snaplevel_get_scope_name) public func scfSnaplevelGetScopeName(
    _ level: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(level, Snaplevel.self).scopeName(), to: buffer, size)
    }
}

@c(scf_snaplevel_get_service_name) public func scfSnaplevelGetServiceName(
    _ level: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(level, Snaplevel.self).serviceName(), to: buffer, size)
    }
}

@c(scf_snaplevel_get_instance_name) public func scfSnaplevelGetInstanceName(
    _ level: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(level, Snaplevel.self).instanceName(), to: buffer, size)
    }
}

@c(scf_snaplevel_get_pg) public func scfSnaplevelGetPG(
    _ level: ObjectPointer?, _ name: Text?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(level, Snaplevel.self).group(text(name), optional(target))
    }
}

@c(scf_snaplevel_get_next_snaplevel) public func scfSnaplevelGetNextSnaplevel(
    _ level: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(level, Snaplevel.self).next(optional(target))
    }
}

@c(scf_pg_get_parent_snaplevel) public func scfPGGetParentSnaplevel(
    _ group: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(group, Group.self).parent(optional(target, Snaplevel.self))
    }
}

// MARK: - Iterating

@c(scf_iter_instance_snapshots) public func scfIterInstanceSnapshots(
    _ iterator: ObjectPointer?, _ instance: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).snapshots(of: object(instance))
    }
}

@c(scf_iter_next_snapshot) public func scfIterNextSnapshot(
    _ iterator: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    answer { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).next(object(target, Snapshot.self)) ? 1 : 0
    }
}

@c(scf_iter_instance_pgs_composed) public func scfIterInstancePGsComposed(
    _ iterator: ObjectPointer?, _ instance: ObjectPointer?, _ snapshot: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).composedGroups(
            of: object(instance), in: optional(snapshot))
    }
}

@c(scf_iter_instance_pgs_typed_composed) public func scfIterInstancePGsTypedComposed(
    _ iterator: ObjectPointer?, _ instance: ObjectPointer?, _ snapshot: ObjectPointer?,
    _ type: Text?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).composedGroups(
            of: object(instance), in: optional(snapshot), type: text(type))
    }
}

@c(scf_iter_snaplevel_pgs) public func scfIterSnaplevelPGs(
    _ iterator: ObjectPointer?, _ level: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).groups(of: object(level, Snaplevel.self))
    }
}

@c(scf_iter_snaplevel_pgs_typed) public func scfIterSnaplevelPGsTyped(
    _ iterator: ObjectPointer?, _ level: ObjectPointer?, _ type: Text?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).groups(
            of: object(level, Snaplevel.self), type: text(type))
    }
}

// MARK: - libscf_priv.h

@c(_scf_snapshot_take_new) public func scfSnapshotTakeNew(
    _ instance: ObjectPointer?, _ name: Text?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(instance, Instance.self).takeSnapshot(text(name), optional(target))
    }
}

@c(_scf_snapshot_take_attach) public func scfSnapshotTakeAttach(
    _ instance: ObjectPointer?, _ snapshot: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(snapshot, Snapshot.self).take(of: object(instance))
    }
}

@c(_scf_snapshot_attach) public func scfSnapshotAttach(
    _ source: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(target, Snapshot.self).attach(object(source))
    }
}

@c(_scf_snapshot_delete) public func scfSnapshotDelete(_ snapshot: ObjectPointer?) -> CInt {
    perform { () throws(Failure) in try unsafe object(snapshot, Snapshot.self).delete() }
}
