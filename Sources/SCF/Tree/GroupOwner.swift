import Properties

/// What has property groups: a service or an instance.
package class GroupOwner: Register<Entity> {
    /// Its FMRI (*scf_service_to_fmri*): `deleted`.
    package func fmri() throws(Failure) -> String {
        try handle.locked { () throws(Failure) in try present().path.description }
    }

    /// Shows the group `name` in `target` (*scf_instance_get_pg*): `notFound`.
    package func group(
        _ name: @autoclosure () throws(Failure) -> String, _ target: Group?
    ) throws(Failure) {
        try find(target) { () throws(Failure) in
            let name = try name()
            try Names.requireLength(name)
            let owner = try current()
            guard let path = owner.path.group(name) else {
                try handle.requirePresent(owner)
                throw .invalidArgument
            }
            return try handle.group(path, of: owner)
        }
    }

    /// Adds an empty group (*scf_instance_add_pg*): `exists`; `flags` may be `nonPersistent`.
    package func addGroup(
        _ name: @autoclosure () throws(Failure) -> String,
        type: @autoclosure () throws(Failure) -> String, flags: UInt32, _ target: Group?
    ) throws(Failure) {
        try find(target) { () throws(Failure) in
            let (name, type) = (try name(), try type())
            try Names.requireLength(name, type)
            _ = try handle.cluster()
            guard flags & ~Group.nonPersistent == 0 else { throw .invalidArgument }
            let owner = try current()
            guard let path = owner.path.group(name), NameRules.isValid(type, as: .groupType) else {
                try handle.requirePresent(owner)
                throw .invalidArgument
            }
            let creation = GroupCreation(
                type: type, isPersistent: flags & Group.nonPersistent == 0)
            let made = try handle.submit(
                .addGroup(path, ownerID: owner.id, creation), GroupResult.init)
            let header = GroupHeader(
                id: made.id, version: made.version, type: type, isPersistent: creation.isPersistent)
            return GroupView(
                path: path, origin: .owner(owner),
                group: PropertyGroup(header: header, properties: []))
        }
    }

    /// Deletes it with all that belongs to it; a service that has instances `exists`.
    package func delete() throws(Failure) {
        try handle.locked { () throws(Failure) in
            let entity = try current()
            _ = try handle.submit(.delete(entity.path, id: entity.id))
        }
    }

    /// What it shows, which is there still: `deleted`; under the lock.
    func present() throws(Failure) -> Entity {
        let entity = try current()
        try handle.requirePresent(entity)
        return entity
    }
}

extension PropertyPath {
    /// The group `name` of this owner; nil where the name is none.
    func group(_ name: String) -> PropertyPath? {
        PropertyPath(service: service, instance: instance, group: name)
    }
}

/// A service (*scf_service_create*).
package final class Service: GroupOwner {
    /// Its name: `deleted`.
    package func name() throws(Failure) -> String {
        try handle.locked { () throws(Failure) in try present().path.service }
    }

    /// Shows its scope in `target`: `deleted`.
    package func parent(_ target: Scope?) throws(Failure) {
        try find(target) { () throws(Failure) in _ = try present() }
    }

    /// Shows the instance `name` in `target` (*scf_service_get_instance*): `notFound`.
    package func instance(
        _ name: @autoclosure () throws(Failure) -> String, _ target: Instance?
    ) throws(Failure) {
        try find(target) { () throws(Failure) in
            let name = try name()
            try Names.requireLength(name)
            let service = try current()
            guard let path = PropertyPath(service: service.path.service, instance: name) else {
                try handle.requirePresent(service)
                throw .invalidArgument
            }
            let reply = try handle.read(.entity(path), EntityReply.init)
            // An instance cannot outlive its service, nor be in two.
            try handle.requirePresent(service)
            guard let id = reply.id else { throw .notFound }
            return Entity(path: path, id: id)
        }
    }

    /// Adds the instance `name` (*scf_service_add_instance*): `exists`.
    package func addInstance(
        _ name: @autoclosure () throws(Failure) -> String, _ target: Instance?
    ) throws(Failure) {
        try find(target) { () throws(Failure) in
            let name = try name()
            try Names.requireLength(name)
            let service = try current()
            guard let path = PropertyPath(service: service.path.service, instance: name) else {
                try handle.requirePresent(service)
                throw .invalidArgument
            }
            let operation = PropertyOperation.addInstance(path, serviceID: service.id)
            return Entity(path: path, id: try handle.submit(operation, EntityID.init))
        }
    }
}

/// An instance of a service (*scf_instance_create*).
package final class Instance: GroupOwner {
    /// Its name: `deleted`.
    package func name() throws(Failure) -> String {
        try handle.locked { () throws(Failure) in try present().path.instance ?? "" }
    }

    /// Shows its service in `target` (*scf_instance_get_parent*): `deleted`.
    package func parent(_ target: Service?) throws(Failure) {
        try find(target) { () throws(Failure) in
            let service = try handle.entity(try present().path.servicePath)
            // It has not been deleted meanwhile, so the service is still the one it belongs to.
            _ = try present()
            return service
        }
    }
}
