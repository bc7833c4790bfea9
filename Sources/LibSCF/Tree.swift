import SCF

// scf_scope_create(3SCF), scf_service_create(3SCF), scf_instance_create(3SCF)

@c(scf_scope_create) public func scfScopeCreate(_ handle: ObjectPointer?) -> ObjectPointer? {
    unsafe make { () throws(Failure) in Scope(try unsafe parent(handle)) }
}

@c(scf_scope_handle) public func scfScopeHandle(_ scope: ObjectPointer?) -> ObjectPointer? {
    unsafe handlePointer(scope)
}

@c(scf_scope_destroy) public func scfScopeDestroy(_ scope: ObjectPointer?) {
    unsafe release(scope)
}

@c(scf_scope_get_name) public func scfScopeGetName(
    _ scope: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(scope, Scope.self).name(), to: buffer, size)
    }
}

@c(scf_scope_to_fmri) public func scfScopeToFMRI(
    _ scope: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(scope, Scope.self).fmri(), to: buffer, size)
    }
}

@c(scf_scope_get_parent) public func scfScopeGetParent(
    _ scope: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(scope, Scope.self).parent(optional(target))
    }
}

@c(scf_scope_get_service) public func scfScopeGetService(
    _ scope: ObjectPointer?, _ name: Text?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(scope, Scope.self).service(text(name), optional(target))
    }
}

@c(scf_scope_add_service) public func scfScopeAddService(
    _ scope: ObjectPointer?, _ name: Text?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(scope, Scope.self).addService(text(name), optional(target))
    }
}

// MARK: - Services

@c(scf_service_create) public func scfServiceCreate(_ handle: ObjectPointer?) -> ObjectPointer? {
    unsafe make { () throws(Failure) in Service(try unsafe parent(handle)) }
}

@c(scf_service_handle) public func scfServiceHandle(_ service: ObjectPointer?) -> ObjectPointer? {
    unsafe handlePointer(service)
}

@c(scf_service_destroy) public func scfServiceDestroy(_ service: ObjectPointer?) {
    unsafe release(service)
}

@c(scf_service_get_name) public func scfServiceGetName(
    _ service: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(service, Service.self).name(), to: buffer, size)
    }
}

@c(scf_service_to_fmri) public func scfServiceToFMRI(
    _ service: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(service, Service.self).fmri(), to: buffer, size)
    }
}

@c(scf_service_get_parent) public func scfServiceGetParent(
    _ service: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(service, Service.self).parent(optional(target))
    }
}

@c(scf_service_get_instance) public func scfServiceGetInstance(
    _ service: ObjectPointer?, _ name: Text?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(service, Service.self).instance(text(name), optional(target))
    }
}

@c(scf_service_add_instance) public func scfServiceAddInstance(
    _ service: ObjectPointer?, _ name: Text?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(service, Service.self).addInstance(text(name), optional(target))
    }
}

@c(scf_service_get_pg) public func scfServiceGetPG(
    _ service: ObjectPointer?, _ name: Text?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(service, Service.self).group(text(name), optional(target))
    }
}

@c(scf_service_add_pg) public func scfServiceAddPG(
    _ service: ObjectPointer?, _ name: Text?, _ type: Text?, _ flags: UInt32,
    _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(service, Service.self).addGroup(
            text(name), type: text(type), flags: flags, optional(target))
    }
}

@c(scf_service_delete) public func scfServiceDelete(_ service: ObjectPointer?) -> CInt {
    perform { () throws(Failure) in try unsafe object(service, Service.self).delete() }
}

// MARK: - Instances

@c(scf_instance_create) public func scfInstanceCreate(_ handle: ObjectPointer?) -> ObjectPointer? {
    unsafe make { () throws(Failure) in Instance(try unsafe parent(handle)) }
}

@c(scf_instance_handle) public func scfInstanceHandle(
    _ instance: ObjectPointer?
) -> ObjectPointer? {
    unsafe handlePointer(instance)
}

@c(scf_instance_destroy) public func scfInstanceDestroy(_ instance: ObjectPointer?) {
    unsafe release(instance)
}

@c(scf_instance_get_name) public func scfInstanceGetName(
    _ instance: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(instance, Instance.self).name(), to: buffer, size)
    }
}

@c(scf_instance_to_fmri) public func scfInstanceToFMRI(
    _ instance: ObjectPointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int {
    answer { () throws(Failure) in
        unsafe copy(try object(instance, Instance.self).fmri(), to: buffer, size)
    }
}

@c(scf_instance_get_parent) public func scfInstanceGetParent(
    _ instance: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(instance, Instance.self).parent(optional(target))
    }
}

@c(scf_instance_get_pg) public func scfInstanceGetPG(
    _ instance: ObjectPointer?, _ name: Text?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(instance, Instance.self).group(text(name), optional(target))
    }
}

@c(scf_instance_add_pg) public func scfInstanceAddPG(
    _ instance: ObjectPointer?, _ name: Text?, _ type: Text?, _ flags: UInt32,
    _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(instance, Instance.self).addGroup(
            text(name), type: text(type), flags: flags, optional(target))
    }
}

@c(scf_instance_delete) public func scfInstanceDelete(_ instance: ObjectPointer?) -> CInt {
    perform { () throws(Failure) in try unsafe object(instance, Instance.self).delete() }
}
