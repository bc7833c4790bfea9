import Properties

/// What *scf_handle_decode_fmri* is to show, each where it is wanted.
package struct DecodedObjects {
    package var scope: Scope?
    package var service: Service?
    package var instance: Instance?
    package var group: Group?
    package var property: Property?

    package init(
        scope: Scope?, service: Service?, instance: Instance?, group: Group?, property: Property?
    ) {
        self.scope = scope
        self.service = service
        self.instance = instance
        self.group = group
        self.property = property
    }

    fileprivate var all: [HandleObject?] {
        [scope, service, instance, group, property]
    }

    /// The deepest place of the tree that is wanted; nil for none.
    fileprivate var depth: Depth? {
        if property != nil { return .property }
        if group != nil { return .group }
        if instance != nil { return .instance }
        if service != nil { return .service }
        return scope == nil ? nil : .scope
    }

    fileprivate func reset() {
        scope?.show(nil)
        service?.show(nil)
        instance?.show(nil)
        group?.show(nil)
        property?.show(nil)
    }
}

/// How *scf_handle_decode_fmri* is to read an FMRI (`SCF_DECODE_FMRI_…`).
package struct DecodeFlags: OptionSet, Sendable {
    package let rawValue: Int32
    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }
    /// The FMRI names what the deepest object is for.
    package static let exact = DecodeFlags(rawValue: 1)
    /// What lies deeper than the deepest object is left out.
    package static let truncate = DecodeFlags(rawValue: 2)
    package static let requireInstance = DecodeFlags(rawValue: 4)
    package static let requireNoInstance = DecodeFlags(rawValue: 8)
}

private enum Depth: Int {
    case scope
    case service
    case instance
    case group
    case property
}

extension Handle {
    /// Shows what `fmri` names in those of `objects` that it names; all are reset where that fails.
    ///
    /// `handleMismatch`, `invalidArgument`, `constraintViolated` for the flags, `notFound`.
    package func decode(
        _ fmri: @autoclosure () throws(Failure) -> String, _ objects: DecodedObjects,
        _ flags: DecodeFlags
    ) throws(Failure) {
        for object in objects.all {
            if let object, object.handle !== self { throw .handleMismatch }
        }
        try locked { () throws(Failure) in
            objects.reset()
            do throws(Failure) {
                try decodeLocked(try fmri(), objects, flags)
            } catch {
                objects.reset()
                // Of what goes while it is looked for, nothing has been found.
                throw error == .deleted ? .notFound : error
            }
        }
    }

    private func decodeLocked(
        _ fmri: String, _ objects: DecodedObjects, _ flags: DecodeFlags
    ) throws(Failure) {
        let path: PropertyPath?
        var isElsewhere = false
        switch FMRI(fmri) {
        case .scope(let name):
            path = nil
            isElsewhere = name != Scope.local
        case .path(let named): path = named
        case .elsewhere(_, let named):
            path = named
            isElsewhere = true
        case .file, nil: throw .invalidArgument
        }
        if flags.contains(.requireInstance), path?.instance == nil { throw .constraintViolated }
        if flags.contains(.requireNoInstance), path?.instance != nil { throw .constraintViolated }
        if flags.contains(.exact), objects.depth != Self.depth(path) { throw .constraintViolated }
        var last = Depth.property
        if flags.contains(.truncate) {
            guard let depth = objects.depth else { return }
            last = depth
        }
        _ = try cluster()
        if isElsewhere { throw .notFound }
        objects.scope?.show(())
        guard let path, last.rawValue >= Depth.service.rawValue else { return }
        let service = try entity(path.servicePath)
        objects.service?.show(service)
        guard last.rawValue >= Depth.instance.rawValue else { return }
        var owner = service
        if path.instance != nil {
            owner = try entity(path.owner)
            objects.instance?.show(owner)
        }
        guard last.rawValue >= Depth.group.rawValue, let groupPath = path.groupPath else { return }
        let view = try group(groupPath, of: owner)
        objects.group?.show(view)
        guard last == .property, let name = path.property else { return }
        guard let content = view.group[name] else { throw .notFound }
        objects.property?.show(
            PropertyView(
                group: view, property: Properties.Property(name: name, content: content)))
    }

    private static func depth(_ path: PropertyPath?) -> Depth {
        guard let path else { return .scope }
        if path.property != nil { return .property }
        if path.group != nil { return .group }
        return path.instance != nil ? .instance : .service
    }
}
