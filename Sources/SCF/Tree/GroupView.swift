import Properties

/// A group at one version as a register shows it.
package struct GroupView {
    /// Where it is; where the first is, of two that are composed.
    let path: PropertyPath
    let origin: GroupOrigin
    /// What is shown.
    let group: PropertyGroup
    /// What a transaction edits: the group at `path` alone.
    let base: PropertyGroup

    init(path: PropertyPath, origin: GroupOrigin, group: PropertyGroup) {
        self.path = path
        self.origin = origin
        self.group = group
        base = group
    }

    /// A group of `instance` with the one of its name of the service; nil where both are missing.
    ///
    /// - Parameter snapshot: what holds them; nil where they are as they are.
    init?(
        _ composed: ComposedGroup, _ name: String, of instance: Entity, in snapshot: SnapshotView?
    ) {
        guard let base = composed.instance ?? composed.service else { return nil }
        let level = composed.instance == nil ? SnapshotLevel.service : .instance
        let owner = level == .service ? instance.path.servicePath : instance.path
        guard let path = owner.group(name) else { return nil }
        self.path = path
        self.base = base
        group = PropertyGroup(header: base.header, properties: composed.properties)
        if let snapshot {
            origin = .level(LevelView(snapshot: snapshot, level: level))
        } else {
            origin = .composition(instance, composed.headers)
        }
    }

    /// Its FMRI; that of a group of a snapshot names the instance, whatever its level.
    var fmri: String {
        guard case .level(let level) = origin, let name = path.group,
            let named = level.snapshot.instance.path.group(name)
        else { return path.description }
        return named.description
    }

    /// The FMRI of the group that the property is from: of two that are composed, one.
    func fmri(of property: String) -> String {
        guard case .composition = origin, path.instance != nil, base[property] == nil,
            let name = path.group, let service = path.servicePath.group(name)
        else { return fmri }
        return service.description
    }

    /// Whether it can be changed: `permissionDenied` for a group of a snapshot.
    func requireWritable() throws(Failure) {
        if case .level = origin { throw .permissionDenied }
    }
}

/// Where a group that is shown was found.
enum GroupOrigin {
    case owner(Entity)
    /// An instance, and the versions of its group and of its service's.
    case composition(Entity, [GroupHeader])
    case level(LevelView)
}

extension ComposedGroup {
    /// What tells one composition from another.
    fileprivate var headers: [GroupHeader] {
        [instance, service].compactMap { $0?.header }
    }
}

extension Handle {
    /// Throws `deleted` where the group is gone.
    func requirePresent(_ view: GroupView) throws(Failure) {
        switch view.origin {
        case .owner, .composition:
            _ = try newest(view.path, view.base)
            saw(.group(view.base.header.id))
        case .level(let level):
            try requirePresent(level.snapshot)
        }
    }

    /// The group at its newest version; nil where the view shows that already; `deleted`.
    func refreshed(_ view: GroupView) throws(Failure) -> GroupView? {
        switch view.origin {
        case .owner:
            return try newest(view.path, view.base).map {
                GroupView(path: view.path, origin: view.origin, group: $0)
            }
        case .composition(let instance, let headers):
            guard let name = view.path.group else { throw .internal }
            let composed = try composedGroup(name, of: instance, in: nil)
            // The group that it is named after decides whether it is there.
            let base = view.path.instance == nil ? composed.service : composed.instance
            guard base?.header.id == view.base.header.id else { throw .deleted }
            return composed.headers == headers
                ? nil : GroupView(composed, name, of: instance, in: nil)
        case .level(let level):
            try requirePresent(level.snapshot)
            return nil
        }
    }

    /// The group of that identity at its newest version; nil where `known` is that; `deleted`.
    private func newest(
        _ path: PropertyPath, _ known: PropertyGroup
    ) throws(Failure) -> PropertyGroup? {
        let header = known.header
        let reply = try read(
            .group(path, groupID: header.id, known: header.version), GroupReply.init)
        if reply.isUnchanged { return nil }
        guard let group = reply.group, group.header.id == header.id else { throw .deleted }
        return group
    }

    /// The group `path` of `owner`: `notFound`, `deleted` for the owner.
    func group(_ path: PropertyPath, of owner: Entity) throws(Failure) -> GroupView {
        let reply = try read(.group(path, ownerID: owner.id), GroupReply.init)
        guard let group = reply.group else {
            try requirePresent(owner)
            throw .notFound
        }
        return GroupView(path: path, origin: .owner(owner), group: group)
    }
}
