import Properties

/// A scope (*scf_scope_create*); there is one, `localhost`.
package final class Scope: Register<Void> {
    /// The name of the one scope (`SCF_SCOPE_LOCAL`).
    package static let local = "localhost"

    /// Shows the scope `name` (*scf_handle_get_scope*): `invalidArgument`, `notFound`.
    package func lookUp(_ name: String) throws(Failure) {
        try find(self) { () throws(Failure) in
            try Names.requireLength(name)
            // What it is called is judged first, with a binding or without.
            try Names.require(name, as: .scope)
            guard name == Self.local else { throw .notFound }
            _ = try handle.cluster()
        }
    }

    /// Its name: `notBound`, `notSet`.
    package func name() throws(Failure) -> String {
        try handle.locked { () throws(Failure) in
            try current()
            return Self.local
        }
    }

    /// Its FMRI, which does not name it (*scf_scope_to_fmri*).
    package func fmri() throws(Failure) -> String {
        _ = try name()
        return "svc:"
    }

    /// A scope has no parent (*scf_scope_get_parent*): `notFound`; `target` is reset.
    package func parent(_ target: Scope?) throws(Failure) {
        try requireSameHandle(target)
        try handle.locked { () throws(Failure) in
            // It may be asked of the very object that is to show it.
            let shown = Result { () throws(Failure) in try current() }
            target?.show(nil)
            try shown.get()
            throw .notFound
        }
    }

    /// Shows the service `name` in `target` (*scf_scope_get_service*).
    package func service(
        _ name: @autoclosure () throws(Failure) -> String, _ target: Service?
    ) throws(Failure) {
        try find(target) { () throws(Failure) in
            let name = try name()
            try Names.requireLength(name)
            try current()
            guard let path = PropertyPath(service: name) else { throw .invalidArgument }
            return try handle.entity(path)
        }
    }

    /// Adds the service `name` (*scf_scope_add_service*): `exists`.
    package func addService(
        _ name: @autoclosure () throws(Failure) -> String, _ target: Service?
    ) throws(Failure) {
        try find(target) { () throws(Failure) in
            let name = try name()
            try Names.requireLength(name)
            try current()
            guard let path = PropertyPath(service: name) else { throw .invalidArgument }
            return Entity(
                path: path, id: try handle.submit(.addService(path), EntityID.init))
        }
    }
}
