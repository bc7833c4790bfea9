import Properties

/// Goes through the children of a thing, one at each call (*scf_iter_create*).
///
/// Children of the tree are told as they are when it is their turn, and come in pages; properties and
/// values are those of the version that was shown when it was set up.
package final class Iterator: HandleObject {
    /// Behind a pointer: what is left of the place of a larger case is never looked at, which memory
    /// checkers could not know.
    private indirect enum Source {
        case scopes(remaining: Int)
        case services(Pages<Entity>)
        case instances(Pages<Entity>)
        case groups(Pages<GroupView>)
        case snapshots(Pages<SnapshotView>)
        case properties(GroupView, ArraySlice<PropertyView>)
        case values(GroupView, PropertyType, ArraySlice<PropertyValue>)
    }

    private var source: Source?
    private var binding: UInt64 = 0

    /// Goes through nothing again.
    package func reset() {
        handle.locked { source = nil }
    }

    // MARK: - Setting up

    package func scopes(of handle: Handle) throws(Failure) {
        guard handle === self.handle else { throw .handleMismatch }
        try setUp { () throws(Failure) in
            _ = try handle.cluster()
            return .scopes(remaining: 1)
        }
    }

    package func services(of scope: Scope) throws(Failure) {
        try requireSameHandle(scope)
        try setUp { () throws(Failure) in
            try scope.current()
            return .services(entities(.services) { PropertyPath(service: $0) })
        }
    }

    package func instances(of service: Service) throws(Failure) {
        try requireSameHandle(service)
        try setUp { () throws(Failure) in
            let entity = try service.present()
            let name = entity.path.service
            return .instances(
                entities(.instances(of: entity.path, id: entity.id)) {
                    PropertyPath(service: name, instance: $0)
                })
        }
    }

    /// The groups of a service or an instance, of one type or of all.
    package func groups(
        of owner: GroupOwner, type: @autoclosure () throws(Failure) -> String? = nil
    ) throws(Failure) {
        try requireSameHandle(owner)
        try setUp { () throws(Failure) in
            let type = try boundedType(type)
            let entity = try owner.present()
            try requireType(type)
            return .groups(groups(of: entity, type: type))
        }
    }

    /// The groups of an instance, each together with its service's of the same name.
    ///
    /// As they are, or as `snapshot` holds them.
    package func composedGroups(
        of instance: Instance, in snapshot: Snapshot?,
        type: @autoclosure () throws(Failure) -> String? = nil
    ) throws(Failure) {
        try requireSameHandle(instance, snapshot)
        try setUp { () throws(Failure) in
            let type = try boundedType(type)
            let view = try snapshot?.present()
            let entity = if let view { view.instance } else { try instance.present() }
            try requireType(type)
            guard let view else { return .groups(composedGroups(of: entity, type: type)) }
            return .groups(
                held(in: view) { entry in
                    guard type == nil || entry.group.type == type else { return nil }
                    return GroupView(entry.group, entry.name, of: entity, in: view)
                })
        }
    }

    /// The groups of one level of a snapshot, of one type or of all.
    package func groups(
        of level: Snaplevel, type: @autoclosure () throws(Failure) -> String? = nil
    ) throws(Failure) {
        try requireSameHandle(level)
        try setUp { () throws(Failure) in
            let type = try boundedType(type)
            let view = try level.present()
            try requireType(type)
            return .groups(
                held(in: view.snapshot) { entry in
                    guard let group = entry.group.group(at: view.level),
                        type == nil || group.header.type == type,
                        let path = view.owner.group(entry.name)
                    else { return nil }
                    return GroupView(path: path, origin: .level(view), group: group)
                })
        }
    }

    package func snapshots(of instance: Instance) throws(Failure) {
        try requireSameHandle(instance)
        try setUp { () throws(Failure) in .snapshots(snapshots(of: try instance.present())) }
    }

    package func properties(of group: Group) throws(Failure) {
        try requireSameHandle(group)
        try setUp { () throws(Failure) in
            let view = try group.present()
            let views = view.group.properties.map { PropertyView(group: view, property: $0) }
            return .properties(view, views[...])
        }
    }

    package func values(of property: Property) throws(Failure) {
        try requireSameHandle(property)
        try setUp { () throws(Failure) in
            let view = try property.present()
            let content = view.property.content
            return .values(view.group, content.type, content.values[...])
        }
    }

    private func setUp(_ body: () throws(Failure) -> Source) throws(Failure) {
        try handle.locked { () throws(Failure) in
            source = nil
            source = try body()
            binding = handle.binding
        }
    }

    /// The type that is asked for, nil for all: `invalidArgument` where it is too long to be sent.
    private func boundedType(_ type: () throws(Failure) -> String?) throws(Failure) -> String? {
        let type = try type()
        if let type { try Names.requireLength(type) }
        _ = try handle.cluster()
        return type
    }

    /// Throws `invalidArgument` for what is no type; who has the groups is looked at before.
    private func requireType(_ type: String?) throws(Failure) {
        if let type { try Names.require(type, as: .groupType) }
    }

    private func entities(
        _ children: PropertyChildren, _ path: @escaping (String) -> PropertyPath?
    ) -> Pages<Entity> {
        Pages(handle) { [handle] (page) throws(Failure) in
            let listing = try handle.read(.list(children, page: page), PropertyListing.init)
            let found = listing.entries.compactMap { entry in
                path(entry.name).map { (entry.name, Entity(path: $0, id: entry.id)) }
            }
            return (found, listing.hasMore ? listing.entries.last?.name : nil)
        }
    }

    private func groups(of owner: Entity, type: String?) -> Pages<GroupView> {
        Pages(handle) { [handle] (page) throws(Failure) in
            let query = PropertyQuery.groups(
                .owner(owner.path, id: owner.id), type: type, page: page)
            let listing = try handle.read(query, GroupListing.init)
            let found = listing.entries.compactMap { entry in
                owner.path.group(entry.name).map {
                    (entry.name, GroupView(path: $0, origin: .owner(owner), group: entry.group))
                }
            }
            return (found, listing.through)
        }
    }

    private func composedGroups(of instance: Entity, type: String?) -> Pages<GroupView> {
        Pages(handle) { [handle] (page) throws(Failure) in
            let query = PropertyQuery.composedGroups(
                Handle.composition(of: instance, in: nil), type: type, page: page)
            let listing = try handle.read(query, ComposedListing.init)
            let found = listing.entries.compactMap { entry in
                GroupView(entry.group, entry.name, of: instance, in: nil).map { (entry.name, $0) }
            }
            return (found, listing.through)
        }
    }

    /// What `view` makes of the groups of a snapshot, where it makes anything of them.
    private func held(
        in snapshot: SnapshotView, _ view: @escaping (ListedComposition) -> GroupView?
    ) -> Pages<GroupView> {
        Pages(handle, heldBy: snapshot) { [handle] (_) throws(Failure) in
            try handle.requireSeen(snapshot)
            let found = try handle.content(of: snapshot).compactMap { entry in
                view(entry).map { (entry.name, $0) }
            }
            return (found, nil)
        }
    }

    private func snapshots(of instance: Entity) -> Pages<SnapshotView> {
        Pages(handle) { [handle] (page) throws(Failure) in
            let query = PropertyQuery.snapshots(of: instance.path, id: instance.id, page: page)
            let listing = try handle.read(query, SnapshotListing.init)
            let found = listing.entries.compactMap { entry in
                SnapshotPath(instance.path, entry.name).map {
                    (
                        entry.name,
                        SnapshotView(instance: instance, path: $0, name: entry.snapshot)
                    )
                }
            }
            return (found, listing.through)
        }
    }

    // MARK: - Going on

    /// Shows the next scope in `target`; false at the end, and for ever.
    package func next(_ target: Scope) throws(Failure) -> Bool {
        try advance(target) { (source) throws(Failure) in
            guard case .scopes(let remaining) = source else { throw .invalidArgument }
            source = .scopes(remaining: 0)
            return remaining > 0 ? () : nil
        }
    }

    package func next(_ target: Service) throws(Failure) -> Bool {
        try advance(target) { (source) throws(Failure) in
            guard case .services(var pages) = source else { throw .invalidArgument }
            defer { source = .services(pages) }
            return try pages.next()
        }
    }

    package func next(_ target: Instance) throws(Failure) -> Bool {
        try advance(target) { (source) throws(Failure) in
            guard case .instances(var pages) = source else { throw .invalidArgument }
            defer { source = .instances(pages) }
            return try pages.next()
        }
    }

    package func next(_ target: Group) throws(Failure) -> Bool {
        try advance(target) { (source) throws(Failure) in
            guard case .groups(var pages) = source else { throw .invalidArgument }
            defer { source = .groups(pages) }
            return try pages.next()
        }
    }

    package func next(_ target: Snapshot) throws(Failure) -> Bool {
        try advance(target) { (source) throws(Failure) in
            guard case .snapshots(var pages) = source else { throw .invalidArgument }
            defer { source = .snapshots(pages) }
            return try pages.next()
        }
    }

    package func next(_ target: Property) throws(Failure) -> Bool {
        try advance(target) { (source) throws(Failure) in
            guard case .properties(let group, var views) = source else { throw .invalidArgument }
            if !views.isEmpty { try handle.requireSeen(group) }
            defer { source = .properties(group, views) }
            return views.popFirst()
        }
    }

    /// Gives `target` the next value; it holds nothing at the end.
    package func next(_ target: Value) throws(Failure) -> Bool {
        try requireSameHandle(target)
        return try handle.locked { () throws(Failure) in
            target.clear()
            guard case .values(let group, let type, var values) = try present() else {
                throw .invalidArgument
            }
            try handle.requireSeen(group)
            guard let value = values.popFirst() else { return false }
            source = .values(group, type, values)
            target.fill(value, type: type)
            return true
        }
    }

    /// What it goes through, though its handle may be unbound: `notSet`; under the lock.
    private func present() throws(Failure) -> Source {
        guard let source, binding == handle.binding else { throw .notSet }
        return source
    }

    /// Shows what `step` finds, which is asked without a binding too: it refuses another kind first.
    ///
    /// An object for which there is nothing to go through stays what it is.
    private func advance<Held>(
        _ target: Register<Held>, _ step: (inout Source) throws(Failure) -> Held?
    ) throws(Failure) -> Bool {
        try requireSameHandle(target)
        return try handle.locked { () throws(Failure) in
            var source = try present()
            do throws(Failure) {
                let found = try step(&source)
                _ = try handle.cluster()
                self.source = source
                target.show(found)
                return found != nil
            } catch {
                if error != .invalidArgument { target.show(nil) }
                throw error
            }
        }
    }
}
