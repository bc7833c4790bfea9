import SCF

// scf_iter_create(3SCF)

@c(scf_iter_create) public func scfIterCreate(_ handle: ObjectPointer?) -> ObjectPointer? {
    unsafe make { () throws(Failure) in Iterator(try unsafe parent(handle)) }
}

@c(scf_iter_handle) public func scfIterHandle(_ iterator: ObjectPointer?) -> ObjectPointer? {
    unsafe handlePointer(iterator)
}

@c(scf_iter_reset) public func scfIterReset(_ iterator: ObjectPointer?) {
    if let found = try? unsafe object(iterator, Iterator.self) { found.reset() }
}

@c(scf_iter_destroy) public func scfIterDestroy(_ iterator: ObjectPointer?) {
    unsafe release(iterator)
}

@c(scf_iter_handle_scopes) public func scfIterHandleScopes(
    _ iterator: ObjectPointer?, _ handle: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).scopes(of: object(handle))
    }
}

@c(scf_iter_scope_services) public func scfIterScopeServices(
    _ iterator: ObjectPointer?, _ scope: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).services(of: object(scope))
    }
}

@c(scf_iter_service_instances) public func scfIterServiceInstances(
    _ iterator: ObjectPointer?, _ service: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).instances(of: object(service))
    }
}

@c(scf_iter_service_pgs) public func scfIterServicePGs(
    _ iterator: ObjectPointer?, _ service: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).groups(of: object(service, Service.self))
    }
}

@c(scf_iter_service_pgs_typed) public func scfIterServicePGsTyped(
    _ iterator: ObjectPointer?, _ service: ObjectPointer?, _ type: Text?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).groups(
            of: object(service, Service.self), type: text(type))
    }
}

@c(scf_iter_instance_pgs) public func scfIterInstancePGs(
    _ iterator: ObjectPointer?, _ instance: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).groups(of: object(instance, Instance.self))
    }
}

@c(scf_iter_instance_pgs_typed) public func scfIterInstancePGsTyped(
    _ iterator: ObjectPointer?, _ instance: ObjectPointer?, _ type: Text?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).groups(
            of: object(instance, Instance.self), type: text(type))
    }
}

@c(scf_iter_pg_properties) public func scfIterPGProperties(
    _ iterator: ObjectPointer?, _ group: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).properties(of: object(group))
    }
}

@c(scf_iter_property_values) public func scfIterPropertyValues(
    _ iterator: ObjectPointer?, _ property: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).values(of: object(property))
    }
}

// MARK: - Going on

@c(scf_iter_next_scope) public func scfIterNextScope(
    _ iterator: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    answer { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).next(object(target, Scope.self)) ? 1 : 0
    }
}

@c(scf_iter_next_service) public func scfIterNextService(
    _ iterator: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    answer { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).next(object(target, Service.self)) ? 1 : 0
    }
}

@c(scf_iter_next_instance) public func scfIterNextInstance(
    _ iterator: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    answer { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).next(object(target, Instance.self)) ? 1 : 0
    }
}

@c(scf_iter_next_pg) public func scfIterNextPG(
    _ iterator: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    answer { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).next(object(target, Group.self)) ? 1 : 0
    }
}

@c(scf_iter_next_property) public func scfIterNextProperty(
    _ iterator: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    answer { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).next(object(target, Property.self)) ? 1 : 0
    }
}

@c(scf_iter_next_value) public func scfIterNextValue(
    _ iterator: ObjectPointer?, _ target: ObjectPointer?
) -> CInt {
    answer { () throws(Failure) in
        try unsafe object(iterator, Iterator.self).next(object(target, Value.self)) ? 1 : 0
    }
}
