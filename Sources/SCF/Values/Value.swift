package import Properties

/// A value of one type, or none (*scf_value_create*).
package final class Value: HandleObject {
    private var held: (type: PropertyType, value: PropertyValue)?
    /// The entry that it is attached to.
    var entry: Entry?

    /// The type of what it holds; nil for none.
    package var type: PropertyType? {
        handle.locked { held?.type }
    }

    /// Whether it is of `type` or a type below (*scf_value_is_type*): `notSet`, `invalidArgument` for
    /// none, `typeMismatch`.
    package func requireType(_ type: PropertyType?) throws(Failure) {
        try handle.locked { () throws(Failure) in
            guard let held else { throw .notSet }
            guard let type else { throw .invalidArgument }
            guard held.type.isKind(of: type) else { throw .typeMismatch }
        }
    }

    /// Holds nothing again; ends the transaction that it is attached to.
    package func reset() {
        handle.locked { clear() }
    }

    /// Takes a value of `type` (*scf_value_set_…*); nothing is held after `invalidArgument`.
    package func set(_ value: PropertyValue, type: PropertyType) throws(Failure) {
        try handle.locked { () throws(Failure) in
            clear()
            guard value.isValid(as: type) else { throw .invalidArgument }
            held = (type, value)
        }
    }

    /// Reads a string form (*scf_value_set_from_string*): `typeMismatch` without a type,
    /// `invalidArgument`.
    package func set(fromString text: [UInt8], type: PropertyType?) throws(Failure) {
        try handle.locked { () throws(Failure) in
            clear()
            guard let type else { throw .typeMismatch }
            guard let value = PropertyValue(stringBytes: text, type: type) else {
                throw .invalidArgument
            }
            held = (type, value)
        }
    }

    /// What it holds, where that is a value of `type` (*scf_value_get_…*): `notSet`, `typeMismatch`.
    package func get(as type: PropertyType) throws(Failure) -> PropertyValue {
        try handle.locked { () throws(Failure) in try content(as: type) }
    }

    /// Its string form (*scf_value_get_as_string*): `notSet`.
    package func string() throws(Failure) -> [UInt8] {
        try handle.locked { () throws(Failure) in try content().value.stringBytes }
    }

    /// Its string form as a value of `type`: `invalidArgument` for none, `notSet`, `typeMismatch`.
    package func string(as type: PropertyType?) throws(Failure) -> [UInt8] {
        try handle.locked { () throws(Failure) in
            guard let type else { throw .invalidArgument }
            let held = try content()
            guard held.type.isKind(of: type) else { throw .typeMismatch }
            return held.value.stringBytes
        }
    }

    // MARK: - Under the lock

    func content() throws(Failure) -> (type: PropertyType, value: PropertyValue) {
        guard let held else { throw .notSet }
        return held
    }

    func content(as type: PropertyType) throws(Failure) -> PropertyValue {
        let held = try content()
        guard held.type.isKind(of: type) else { throw .typeMismatch }
        return held.value
    }

    /// Forgets what it holds, and lets the entry know that it is attached to.
    func clear() {
        entry?.lose(self)
        held = nil
    }

    /// Holds what a property has.
    func fill(_ value: PropertyValue, type: PropertyType) {
        clear()
        held = (type, value)
    }
}

extension PropertyValue {
    /// The bytes of a text or an opaque value; none of the others.
    package var text: [UInt8] {
        switch self {
        case .text(let bytes), .opaque(let bytes): bytes
        case .boolean, .count, .integer, .time: []
        }
    }
}
