package import Properties

/// What a store has of the services that a bundle is about, read at one moment.
package struct PresentTree: Sendable {
    /// The services and instances that are there, each with its groups by name.
    package let entities: [PropertyPath: [String: PropertyGroup]]
    /// The dependencies that their dependents have put at others, by target and name.
    package let elsewhere: [PropertyPath: [String: PropertyGroup]]

    package init(
        _ entities: [PropertyPath: [String: PropertyGroup]],
        elsewhere: [PropertyPath: [String: PropertyGroup]] = [:]
    ) {
        self.entities = entities
        self.elsewhere = elsewhere
    }
}

extension GroupTree {
    /// What a stored group holds.
    package init(_ name: String, _ group: PropertyGroup) {
        self.init(
            name, type: group.header.type,
            group.properties.map { PropertyTree($0.name, $0.content) })
    }
}

/// Where what a bundle wants and what somebody has changed do not agree; what is there stays.
package struct MergeConflict: Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        /// Both have changed the property, to different contents.
        case changed
        /// The bundle has changed or dropped what somebody has deleted or changed.
        case deletedHere
        case droppedThere
        /// The types of the groups differ.
        case groupType(here: String, there: String)
        /// The group is not persistent, which no bundle can change.
        case notPersistent
        /// The group is a dependency, and `wanted` has a dependent of that name.
        ///
        /// A dependent of `other` has made it; nil: none has.
        case dependencyOf(other: String?, wanted: String)
        /// The group is no dependency, and `wanted` has a dependent of that name.
        case noDependency(type: String, wanted: String)
        /// The group holds `general/enabled`, which only the administrator changes.
        case holdsEnabled
    }

    /// The group or the property.
    package let path: String
    package let reason: Reason

    package var description: String {
        switch reason {
        case .changed:
            "\(path) was changed here and in the bundle; the value that is here stays"
        case .deletedHere:
            "\(path) was deleted here and changed in the bundle; it stays deleted"
        case .droppedThere:
            "\(path) was changed here and is not in the bundle any more; it stays"
        case .groupType(let here, let there):
            "\(path) is of type \(here) here and of type \(there) in the bundle; it stays as it is"
        case .notPersistent:
            "\(path) is not persistent here; it stays as it is"
        case .dependencyOf(let other, let wanted):
            "\(path) is \(other.map { "the dependency on \($0)" } ?? "another dependency") here; "
                + "the dependent of that name of \(wanted) is not made; name it otherwise"
        case .noDependency(let type, let wanted):
            "\(path) is a group of type \(type) here; "
                + "the dependent of that name of \(wanted) is not made; name it otherwise"
        case .holdsEnabled:
            "\(path) holds the administrator's general/enabled; it stays as it is"
        }
    }
}

/// What a merge comes to.
package struct MergeOutcome: Hashable, Sendable {
    /// In an order in which they may be done, all in one transaction.
    ///
    /// Each is tied to what was read: a group to its identity and version, a thing that is to be made
    /// to its absence. Where one aborts, read again and merge anew.
    package var operations: [PropertyOperation] = []
    /// By path.
    package var conflicts: [MergeConflict] = []
    /// Services and instances of a profile that are not there, and so are passed over.
    package var skipped: [PropertyPath] = []

    package init() {}

    mutating func note(_ path: String, _ reason: MergeConflict.Reason) {
        conflicts.append(MergeConflict(path: path, reason: reason))
    }

    /// Makes a group with all its properties.
    package mutating func make(_ group: GroupTree, at path: PropertyPath) {
        operations.append(.addGroup(path, ownerID: nil, GroupCreation(type: group.type)))
        let edits = group.properties.map { PropertyEdit.new($0.name, $0.content) }
        commit(edits, to: path, groupID: nil, base: nil)
    }

    /// Edits a group that is there, at the version that was read.
    mutating func commit(_ edits: [PropertyEdit], to path: PropertyPath, _ present: PropertyGroup) {
        commit(edits, to: path, groupID: present.header.id, base: present.header.version)
    }

    /// Divides what one commit cannot take; the first one decides about the version.
    private mutating func commit(
        _ edits: [PropertyEdit], to path: PropertyPath, groupID: EntityID?, base: GroupVersion?
    ) {
        for start in stride(from: 0, to: edits.count, by: GroupCommit.editLimit) {
            let part = edits[start..<min(start + GroupCommit.editLimit, edits.count)]
            operations.append(
                .commitGroup(
                    GroupCommit(
                        path, groupID: groupID, base: start == 0 ? base : nil, edits: Array(part))))
        }
    }
}
