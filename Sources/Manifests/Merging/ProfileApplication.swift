import Properties

/// Sets what a profile tells on the services and instances that are there.
///
/// A service or an instance that is not there is passed over, with all that the profile tells of
/// it; a group or a property that is not there is made; what the profile does not name stays. A
/// profile's word is the administrator's: it holds against everything but a group of another type.
package enum ProfileApplication {
    /// What applying `profile` comes to.
    package static func apply(_ profile: ServiceTree, to present: PresentTree) -> MergeOutcome {
        var outcome = MergeOutcome()
        for entity in profile.entities {
            guard let groups = present.entities[entity.path] else {
                outcome.skipped.append(entity.path)
                continue
            }
            for group in entity.groups {
                apply(
                    group, to: groups[group.name], at: entity.path.appending(group: group.name),
                    &outcome)
            }
        }
        return outcome
    }

    private static func apply(
        _ wanted: GroupTree, to present: PropertyGroup?, at path: PropertyPath,
        _ outcome: inout MergeOutcome
    ) {
        guard let present else {
            if !wanted.isDeletion { outcome.make(wanted, at: path) }
            return
        }
        if wanted.isDeletion {
            guard wanted.isMeant(by: present) else { return }
            return outcome.operations.append(.delete(path, id: present.header.id))
        }
        guard present.header.isPersistent else {
            return outcome.note(path.description, .notPersistent)
        }
        guard present.header.type == wanted.type else {
            return outcome.note(
                path.description, .groupType(here: present.header.type, there: wanted.type))
        }
        let edits = wanted.properties.compactMap { property in
            present[property.name] == property.content
                ? nil : PropertyEdit.set(property.name, property.content)
        }
        if !edits.isEmpty { outcome.commit(edits, to: path, present) }
    }
}
