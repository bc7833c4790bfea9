/// Edits of one group as they are gathered, each checked against the version that they begin from.
///
/// The rules are those of *scf_transaction_property_new* and its kin, and of *scf_entry_add_value*:
/// a refusal changes nothing.
package struct GroupDraft: Hashable, Sendable {
    package enum Action: Sendable, CaseIterable {
        case new
        case change
        case changeType
        case delete
    }

    /// Why an edit is not taken.
    package enum Refusal: Error, Hashable, Sendable {
        case invalidName(String)
        /// The property has an entry already.
        case inUse(String)
        case exists(String)
        case notFound(String)
        case typeMismatch(String, PropertyType, PropertyType)
        /// A deletion takes no value.
        case takesNoValue(String)
        /// More values, or a larger one, than a property may have.
        case invalidValue(String)
    }

    private struct Entry: Hashable {
        let action: Action
        let type: PropertyType?
        var values: [PropertyValue] = []
    }

    package let path: PropertyPath
    package let groupID: EntityID
    package let base: GroupVersion
    /// Of the properties that the group has at `base`.
    private let types: [String: PropertyType]
    private var entries: [String: Entry] = [:]

    /// Begins with the group `path`, whose header and properties' types at one version are given.
    package init(
        _ path: PropertyPath, groupID: EntityID, base: GroupVersion, types: [String: PropertyType]
    ) {
        precondition(path.group != nil && path.property == nil, "a draft of \(path)")
        self.path = path
        self.groupID = groupID
        self.base = base
        self.types = types
    }

    package init(_ path: PropertyPath, _ group: PropertyGroup) {
        self.init(
            path, groupID: group.header.id, base: group.header.version,
            types: Dictionary(
                group.properties.map { ($0.name, $0.content.type) },
                uniquingKeysWith: { first, _ in first }))
    }

    package var isEmpty: Bool {
        entries.isEmpty
    }

    /// Adds the one entry that a property may have; `type` is of the values, and of no deletion.
    package mutating func add(
        _ action: Action, _ name: String, type: PropertyType? = nil
    ) throws(Refusal) {
        precondition((type == nil) == (action == .delete), "\(action) of \(name) with type")
        guard entries[name] == nil else { throw .inUse(name) }
        guard NameRules.isValid(name, as: .property) else { throw .invalidName(name) }
        switch action {
        case .new:
            guard types[name] == nil else { throw .exists(name) }
        case .change:
            guard let old = types[name], let type else { throw .notFound(name) }
            guard old == type else { throw .typeMismatch(name, type, old) }
        case .changeType, .delete:
            guard types[name] != nil else { throw .notFound(name) }
        }
        entries[name] = Entry(action: action, type: type)
    }

    /// Appends a value of `type`, which is the entry's type or one below it.
    package mutating func append(
        _ value: PropertyValue, of type: PropertyType, to name: String
    ) throws(Refusal) {
        guard let entry = entries[name] else { throw .notFound(name) }
        guard let wanted = entry.type else { throw .takesNoValue(name) }
        guard type.isKind(of: wanted) else { throw .typeMismatch(name, type, wanted) }
        guard value.isValid(as: type), entry.values.count < PropertyContent.valueLimit else {
            throw .invalidValue(name)
        }
        entries[name]?.values.append(value)
    }

    /// All edits as one commit at the version that they begin from.
    package var commit: GroupCommit {
        let edits = entries.sorted { $0.key < $1.key }.map { name, entry in
            edit(name, entry)
        }
        return GroupCommit(path, groupID: groupID, base: base, edits: edits)
    }

    private func edit(_ name: String, _ entry: Entry) -> PropertyEdit {
        guard let type = entry.type else { return .delete(name) }
        guard let content = PropertyContent(type: type, values: entry.values) else {
            preconditionFailure("values of \(name) that were checked are none of \(type)")
        }
        return switch entry.action {
        case .new: .new(name, content)
        case .change: .change(name, content)
        case .changeType: .changeType(name, content)
        case .delete: .delete(name)
        }
    }
}

extension GroupDraft.Refusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidName(let name): "\"\(name)\" is no name of a property"
        case .inUse(let name): "\(name) has an entry already; begin another transaction"
        case .exists(let name): "there is a property \(name)"
        case .notFound(let name): "there is no property \(name)"
        case .typeMismatch(let name, let type, let other):
            "\(name) is of type \(other), not \(type)"
        case .takesNoValue(let name): "\(name) is to be deleted, and takes no value"
        case .invalidValue(let name): "a value of \(name) is none of its type, or one too many"
        }
    }
}
