import Properties

/// A group as it is, and what shall become of it; see `LockstepClient.updateGroup`.
public struct PropertyGroupEdit: Sendable {
    /// The group as it was read; nil where there is none and one is to be made.
    public let group: PropertyGroup?
    private(set) var edits: [String: PropertyEdit] = [:]

    init(_ group: PropertyGroup?) {
        self.group = group
    }

    /// A property as it will be: nil where there is none, or it is deleted.
    public subscript(name: String) -> [PropertyValue]? {
        guard let edit = edits[name] else { return group?[name]?.values }
        return edit.content?.values.map { PropertyValue($0) }
    }

    /// Sets a property, whatever it was; throws `invalidArgument` for a bad name or values of another
    /// type.
    public mutating func set(
        _ name: String, type: PropertyType, to values: PropertyValue...
    ) throws(LockstepError) {
        try set(name, type: type, values: values)
    }

    /// Sets a property, whatever it was, to any number of values in order.
    public mutating func set(
        _ name: String, type: PropertyType, values: [PropertyValue]
    ) throws(LockstepError) {
        guard NameRules.isValid(name, as: .property) else {
            throw .invalidArgument("\(name) is no name of a property")
        }
        guard let content = PropertyContent(type: type.stored, values: values.map(\.stored)) else {
            throw .invalidArgument("the values of \(name) are no values of type \(type.rawValue)")
        }
        edits[name] = .set(name, content)
    }

    /// Deletes a property; nothing where there is none.
    public mutating func delete(_ name: String) {
        edits[name] = group?[name] == nil ? nil : .delete(name)
    }
}
