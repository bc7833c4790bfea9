import SCF

// _scf_pg_wait, _scf_notify_add_pgname, _scf_notify_add_pgtype, _scf_notify_wait

@c(_scf_pg_wait) public func scfPGWait(_ group: ObjectPointer?, _ seconds: CInt) -> CInt {
    answer { () throws(Failure) in
        let milliseconds = seconds < 0 ? nil : UInt64(seconds) * 1_000
        return try unsafe object(group, Group.self).awaitChange(milliseconds: milliseconds) ? 0 : 1
    }
}

@c(_scf_notify_add_pgname) public func scfNotifyAddPGName(
    _ handle: ObjectPointer?, _ name: Text?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(handle, Handle.self).notice(groupsNamed: text(name))
    }
}

@c(_scf_notify_add_pgtype) public func scfNotifyAddPGType(
    _ handle: ObjectPointer?, _ type: Text?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(handle, Handle.self).notice(groupsOfType: text(type))
    }
}

@c(_scf_notify_wait) public func scfNotifyWait(
    _ group: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        let target = try unsafe object(group, Group.self)
        return unsafe copy(try target.handle.awaitNotice(target) ?? "", to: buffer, size)
    }
}
