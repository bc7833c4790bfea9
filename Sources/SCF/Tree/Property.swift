package import Properties

/// A property at one version of its group (*scf_property_create*).
package final class Property: Register<PropertyView> {
    package func name() throws(Failure) -> String {
        try handle.locked { () throws(Failure) in try present().property.name }
    }

    package func type() throws(Failure) -> PropertyType {
        try handle.locked { () throws(Failure) in try present().property.content.type }
    }

    /// Whether its type is `type` or below (*scf_property_is_type*): `invalidArgument` for none,
    /// `typeMismatch`.
    package func requireType(_ type: PropertyType?) throws(Failure) {
        try handle.locked { () throws(Failure) in
            guard let type else { throw .invalidArgument }
            guard try present().property.content.type.isKind(of: type) else {
                throw .typeMismatch
            }
        }
    }

    /// Its FMRI; of a composed group, that of the property of the instance or of the service.
    package func fmri() throws(Failure) -> String {
        try handle.locked { () throws(Failure) in
            let view = try present()
            return "\(view.group.fmri(of: view.property.name))/\(view.property.name)"
        }
    }

    /// Its one value (*scf_property_get_value*): `notFound` where it has none, `constraintViolated`
    /// where it has several, of which `target` then has the first.
    package func value(_ target: Value) throws(Failure) {
        try requireSameHandle(target)
        try handle.locked { () throws(Failure) in
            target.clear()
            let content = try present().property.content
            guard let first = content.values.first else { throw .notFound }
            target.fill(first, type: content.type)
            if content.values.count > 1 { throw .constraintViolated }
        }
    }

    /// What it shows, of a group that was there a moment ago: `deleted`; under the lock.
    func present() throws(Failure) -> PropertyView {
        let view = try current()
        try handle.requireSeen(view.group)
        return view
    }
}
