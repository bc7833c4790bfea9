import Properties

extension PropertyValue {
    /// The one string form of this value: `true` or `false`, decimal digits, seconds with nine
    /// digits of fraction unless it is zero, lower-case hexadecimal of an opaque value, a text as
    /// it is (*scf_value_get_as_string*).
    public var stringBytes: [UInt8] {
        stored.stringBytes
    }

    /// Reads a string form of a value of `type`; nil where it is none (*scf_value_set_from_string*).
    public init?(stringBytes: [UInt8], type: PropertyType) {
        guard let value = Properties.PropertyValue(stringBytes: stringBytes, type: type.stored)
        else { return nil }
        self.init(value)
    }
}

extension PropertyValue {
    /// Bytes that a value of `astring` or a type below it may have.
    public static let mostTextBytes = Properties.PropertyValue.textBytes
    /// Bytes that an opaque value may have.
    public static let mostOpaqueBytes = Properties.PropertyValue.opaqueBytes
    /// Values that one property may have.
    public static let mostValues = PropertyContent.valueLimit
}

/// A property to be written.
public struct PropertyDefinition: Hashable, Sendable {
    public var name: String
    public var type: PropertyType
    public var values: [PropertyValue]

    public init(name: String, type: PropertyType, values: [PropertyValue]) {
        self.name = name
        self.type = type
        self.values = values
    }
}

extension Transaction {
    /// Makes a group hold these properties and no others; one that does already stays as it is.
    ///
    /// With `groupType`, the service, instance and group are made if they are missing, and a group
    /// of another type aborts the transaction. Throws `invalidArgument` for a path that names no
    /// group, a name given twice and values that do not fit their type.
    public mutating func replaceGroup(
        _ path: String, properties: [PropertyDefinition], groupType: String? = "application",
        base: GroupVersion? = nil
    ) throws(LockstepError) {
        let place = try Self.path(path, "a property group") {
            $0.group != nil && $0.property == nil
        }
        var stored: [Properties.Property] = []
        var names: Set<String> = []
        for property in properties {
            let values = property.values.map(\.stored)
            guard names.insert(property.name).inserted else {
                throw .invalidArgument("\(path) is given the property \(property.name) twice")
            }
            guard NameRules.isValid(property.name, as: .property) else {
                throw .invalidArgument("\(property.name) is no name of a property")
            }
            guard let content = PropertyContent(type: property.type.stored, values: values) else {
                throw .invalidArgument(
                    "the values of \(path)/\(property.name) are no values of type"
                        + " \(property.type.rawValue)")
            }
            stored.append(Properties.Property(name: property.name, content: content))
        }
        let replacement = GroupReplacement(
            place, base: base?.stored, properties: stored,
            creation: groupType.map { GroupCreation(type: $0) })
        steps.append(PropertyOperation.replaceGroup(replacement).step)
    }
}

extension Change {
    /// What a change of the properties or of the triggers holds before or after.
    public enum Content: Hashable, Sendable {
        case property(type: PropertyType, values: [PropertyValue])
        case group(type: String, isPersistent: Bool, version: GroupVersion)
        /// A service or an instance.
        case entity
        case snapshot
        case trigger(Trigger)
        /// A change of another store, or of a later version.
        case other([UInt8])
    }

    /// What there was; nil for something new.
    public var oldContent: Content? {
        old.map(content)
    }

    /// What there is; nil for something deleted.
    public var newContent: Content? {
        new.map(content)
    }

    /// Whether it ends the suspension of a trigger, which is as it was otherwise.
    public var isResumption: Bool {
        store == .triggers && old != nil && old == new
    }

    private func content(_ bytes: [UInt8]) -> Content {
        switch store {
        case .properties: propertyContent(bytes) ?? .other(bytes)
        case .triggers: Trigger(encoded: bytes).map(Content.trigger) ?? .other(bytes)
        case .revisions, .snapshots, .spaces, nil: .other(bytes)
        }
    }

    private func propertyContent(_ bytes: [UInt8]) -> Content? {
        guard let value = try? PropertyChangeValue(bytes) else { return nil }
        return switch value {
        case .property(let content):
            .property(
                type: PropertyType(content.type), values: content.values.map { PropertyValue($0) })
        case .group(let header):
            .group(
                type: header.type, isPersistent: header.isPersistent,
                version: GroupVersion(header.version))
        case .entity: .entity
        case .snapshot: .snapshot
        }
    }
}
