import SCF

// scf_pg_create(3SCF), scf_property_create(3SCF)

@c(scf_pg_create) public func scfPGCreate(_ handle: ObjectPointer?) -> ObjectPointer? {
    unsafe make { () throws(Failure) in Group(try unsafe parent(handle)) }
}

@c(scf_pg_handle) public func scfPGHandle(_ group: ObjectPointer?) -> ObjectPointer? {
    unsafe handlePointer(group)
}

@c(scf_pg_destroy) public func scfPGDestroy(_ group: ObjectPointer?) {
    unsafe release(group)
}

@c(scf_pg_to_fmri) public func scfPGToFMRI(
    _ group: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(group, Group.self).fmri(), to: buffer, size)
    }
}

@c(scf_pg_get_name) public func scfPGGetName(
    _ group: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(group, Group.self).name(), to: buffer, size)
    }
}

@c(scf_pg_get_type) public func scfPGGetType(
    _ group: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(group, Group.self).type(), to: buffer, size)
    }
}

@c(scf_pg_get_flags) public func scfPGGetFlags(
    _ group: ObjectPointer?, _ flags: UnsafeMutablePointer<UInt32>?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe store(object(group, Group.self).flags(), in: flags)
    }
}

@c(scf_pg_get_parent_service) public func scfPGGetParentService(
    _ group: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(group, Group.self).parent(optional(target, Service.self))
    }
}

@c(scf_pg_get_parent_instance) public func scfPGGetParentInstance(
    _ group: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(group, Group.self).parent(optional(target, Instance.self))
    }
}

@c(scf_pg_get_underlying_pg) public func scfPGGetUnderlyingPG(
    _ group: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(group, Group.self).underlying(optional(target))
    }
}

@c(scf_pg_get_property) public func scfPGGetProperty(
    _ group: ObjectPointer?, _ name: Text?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(group, Group.self).property(text(name), optional(target))
    }
}

@c(scf_pg_update) public func scfPGUpdate(_ group: ObjectPointer?) -> CInt {
    answer { () throws(Failure) in
        try unsafe object(group, Group.self).update() ? 1 : 0
    }
}

@c(scf_pg_delete) public func scfPGDelete(_ group: ObjectPointer?) -> CInt {
    perform { () throws(Failure) in try unsafe object(group, Group.self).delete() }
}

// MARK: - Properties

@c(scf_property_create) public func scfPropertyCreate(_ handle: ObjectPointer?) -> ObjectPointer? {
    unsafe make { () throws(Failure) in Property(try unsafe parent(handle)) }
}

@c(scf_property_handle) public func scfPropertyHandle(
    _ property: ObjectPointer?
) -> ObjectPointer? {
    unsafe handlePointer(property)
}

@c(scf_property_destroy) public func scfPropertyDestroy(_ property: ObjectPointer?) {
    unsafe release(property)
}

@c(scf_property_is_type) public func scfPropertyIsType(
    _ property: ObjectPointer?, _ wanted: CInt
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(property, Property.self).requireType(type(wanted))
    }
}

@c(scf_property_type) public func scfPropertyType(
    _ property: ObjectPointer?, _ result: UnsafeMutablePointer<CInt>?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe store(number(object(property, Property.self).type()), in: result)
    }
}

@c(scf_property_get_name) public func scfPropertyGetName(
    _ property: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(property, Property.self).name(), to: buffer, size)
    }
}

@c(scf_property_to_fmri) public func scfPropertyToFMRI(
    _ property: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(property, Property.self).fmri(), to: buffer, size)
    }
}

@c(scf_property_get_value) public func scfPropertyGetValue(
    _ property: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(property, Property.self).value(object(target))
    }
}
