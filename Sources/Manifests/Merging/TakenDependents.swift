import Properties

/// Leaves out the dependents that cannot be made, for their targets have groups of the same names
/// that are others' dependencies, or the targets' own, or no dependencies at all.
///
/// Merging such a group would tell of conflicts property by property, and leave a dependent behind
/// that names somebody else's group.
package struct TakenDependents {
    /// What is wanted, without those dependents.
    package let wanted: ServiceTree
    private let conflicts: [MergeConflict]
    /// The dependencies and the properties naming their targets, as conflicts call them.
    private let left: Set<String>

    package init(last: ServiceTree, present: PresentTree, wanted: ServiceTree) {
        var taken: [PropertyPath: Set<String>] = [:]
        var lost: [PropertyPath: Set<String>] = [:]
        var given: [PropertyPath: Set<String>] = [:]
        var conflicts: [MergeConflict] = []
        for target in wanted.entities {
            for group in target.groups {
                let before = last[target.path]?[group.name]
                guard let (owner, isOverride) = group.dependent,
                    let here = present.entities[target.path]?[group.name],
                    !here.isDependency
                        || !isOverride && here.isForeign(to: owner, before: before?.dependentOwner),
                    // What this very document brought and now gives to another is its own.
                    before?.hasContent(of: here) != true
                else { continue }
                let other = here.dependentOwner
                if let other, wanted.gives(group.name, of: other, unlike: last) {
                    given[target.path, default: []].insert(group.name)
                    continue
                }
                taken[target.path, default: []].insert(group.name)
                lost[owner, default: []].insert(group.name)
                conflicts.append(
                    MergeConflict(
                        path: target.path.appending(group: group.name).description,
                        reason: here.isDependency
                            ? .dependencyOf(other: other.map(\.description), wanted: "\(owner)")
                            : .noDependency(type: here.header.type, wanted: "\(owner)")))
            }
        }
        self.conflicts = conflicts
        left = Set(conflicts.map(\.path)).union(
            lost.flatMap { owner, names in
                names.map { "\(owner.appending(group: "dependents"))/\($0)" }
            })
        self.wanted = ServiceTree(
            wanted.entities.map {
                Self.changed(
                    $0, without: taken[$0.path] ?? [], lost: lost[$0.path] ?? [],
                    given: given[$0.path] ?? [])
            })
    }

    /// These conflicts and those of the merge of `wanted`.
    ///
    /// For the merge, a dependent that was left out is one that the bundle has dropped; it is not.
    package func conflicts(with merged: [MergeConflict]) -> [MergeConflict] {
        conflicts + merged.filter { !left.contains($0.path) }
    }

    /// An entity without some groups, without some of its dependents, and with some groups that
    /// hold against what is there.
    private static func changed(
        _ entity: EntityTree, without taken: Set<String>, lost: Set<String>, given: Set<String>
    ) -> EntityTree {
        if taken.isEmpty, lost.isEmpty, given.isEmpty { return entity }
        let groups = entity.groups.compactMap { group -> GroupTree? in
            if taken.contains(group.name) { return nil }
            var properties = group.properties
            if group.name == "dependents" {
                properties.removeAll { lost.contains($0.name) }
                if properties.isEmpty { return nil }
            }
            if given.contains(group.name) {
                properties = properties.map { PropertyTree($0.name, $0.content, isOverride: true) }
            }
            return GroupTree(
                group.name, type: group.type, isDeletion: group.isDeletion, properties)
        }
        return EntityTree(entity.path, isDeclared: entity.isDeclared, groups: groups)
    }
}

extension ServiceTree {
    /// Whether the last import brought a dependent of `owner` which this, that declares it, has not.
    fileprivate func gives(
        _ name: String, of owner: PropertyPath, unlike last: ServiceTree
    ) -> Bool {
        self[owner]?.isDeclared == true && self[owner]?["dependents"]?[name] == nil
            && last[owner]?["dependents"]?[name] != nil
    }
}

extension GroupTree {
    /// Who wants this dependency by a dependent, and whether with `override`; nil for any other group.
    fileprivate var dependent: (owner: PropertyPath, isOverride: Bool)? {
        guard type == "dependency", !isDeletion, self["external"]?.values == [.boolean(true)],
            let entities = properties.first(where: { $0.name == "entities" }),
            let owner = PropertyGroup.owner(entities.content)
        else { return nil }
        return (owner, entities.isOverride)
    }

    /// Whether the deletion of this takes `present` away: that of a dependent takes only what it has made.
    ///
    /// Whatever else has its name at the target is not the dependent, which is gone already then.
    func isMeant(by present: PropertyGroup) -> Bool {
        guard type == "dependency", self["external"]?.values == [.boolean(true)],
            let entities = properties.first(where: { $0.name == "entities" }),
            let owner = PropertyGroup.owner(entities.content)
        else { return true }
        return present.isDependent(of: owner)
    }

    /// Who wants it so without `override`.
    fileprivate var dependentOwner: PropertyPath? {
        dependent.flatMap { $0.isOverride ? nil : $0.owner }
    }
}

extension PropertyGroup {
    fileprivate var isDependency: Bool {
        header.type == "dependency"
    }

    /// Whether it is, being a dependency, one that no dependent of `owner` has made.
    ///
    /// `before` has made it in the last import: where somebody has changed it since, it still is that
    /// dependent's.
    fileprivate func isForeign(to owner: PropertyPath, before: PropertyPath?) -> Bool {
        if let other = dependentOwner { return other != owner }
        return before != owner && !(isExternal && isDependency(on: owner))
    }
}
