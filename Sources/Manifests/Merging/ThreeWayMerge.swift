import Properties

/// Brings what a bundle wants into a store where people have changed what an earlier one brought.
///
/// For each property, with what the last import brought, what is there now, and what is wanted:
///
/// | last | present | wanted | outcome |
/// |---|---|---|---|
/// | any | a | a | nothing to do |
/// | a | a | b | b: nobody has changed it here |
/// | a | b | a | b stays: the bundle has not changed it |
/// | a | b | c | b stays, a conflict |
/// | any | b | c, `override` | c |
///
/// "None" counts as a content like any other: so are additions and deletions decided. Of a group:
///
/// | last | present | wanted | outcome |
/// |---|---|---|---|
/// | none | none | a | made |
/// | a | none | a | stays deleted |
/// | a | none | b | stays deleted, a conflict |
/// | a | a | none | deleted |
/// | a | b | none | stays; a conflict |
/// | none | b | none | stays: it is somebody else's |
/// | any | b | `delete` | deleted |
/// | a of type t | the same | b of type u | made anew |
/// | of dependents | changed | none | each of its properties by itself |
/// | otherwise, where types differ | | | stays, a conflict |
///
/// A dependent whose name is another group at its target is left out before, with a conflict.
///
/// A service or an instance that is wanted and not there is made, whether there was one or not; none
/// is deleted. `general/enabled`, once it is there, is the administrator's, and never touched.
package struct ThreeWayMerge {
    private let last: ServiceTree
    private let present: PresentTree
    private var outcome = MergeOutcome()

    private init(last: ServiceTree, present: PresentTree) {
        self.last = last
        self.present = present
    }

    /// Merges a tree that a bundle wants; `last` is empty where nothing was imported before.
    package static func merge(
        last: ServiceTree, present: PresentTree, wanted: ServiceTree
    ) -> MergeOutcome {
        var merge = ThreeWayMerge(last: last, present: present)
        for path in merge.missing(wanted) {
            merge.outcome.operations.append(
                path.instance == nil ? .addService(path) : .addInstance(path, serviceID: nil))
        }
        for entity in wanted.entities { merge.merge(entity) }
        merge.dropDependents(wanted)
        return merge.outcome
    }

    /// The services and instances to be made, each service before its instances.
    private func missing(_ wanted: ServiceTree) -> [PropertyPath] {
        var known = Set(present.entities.keys)
        var paths: [PropertyPath] = []
        for entity in wanted.entities {
            // What is named only in order to take a group away need not be there.
            if !entity.isDeclared, entity.groups.allSatisfy(\.isDeletion) { continue }
            for path in [entity.path.servicePath, entity.path] where known.insert(path).inserted {
                paths.append(path)
            }
        }
        return paths
    }

    private mutating func merge(_ entity: EntityTree) {
        let groups = present.entities[entity.path]
        // What was imported into a thing that has gone since says nothing about a new one.
        let lastGroups = groups == nil ? [] : last[entity.path]?.groups ?? []
        let before = Dictionary(lastGroups.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        let wantedNames = Set(entity.groups.map(\.name))
        for group in entity.groups {
            merge(
                group, last: before[group.name], present: groups?[group.name],
                at: entity.path.appending(group: group.name))
        }
        guard entity.isDeclared else { return }
        for group in lastGroups where !wantedNames.contains(group.name) {
            guard let here = groups?[group.name] else { continue }
            drop(group, here, at: entity.path.appending(group: group.name))
        }
    }

    private mutating func merge(
        _ wanted: GroupTree, last: GroupTree?, present: PropertyGroup?, at path: PropertyPath
    ) {
        guard let present else {
            guard !wanted.isDeletion else { return }
            guard let last else { return outcome.make(wanted, at: path) }
            if !last.hasContent(of: wanted) { outcome.note(path.description, .deletedHere) }
            return
        }
        if Self.holdsEnabled(path, present), wanted.isDeletion || present.header.type != wanted.type
        {
            return outcome.note(path.description, .holdsEnabled)
        }
        if wanted.isDeletion {
            guard wanted.isMeant(by: present) else { return }
            return outcome.operations.append(.delete(path, id: present.header.id))
        }
        guard present.header.isPersistent else {
            return outcome.note(path.description, .notPersistent)
        }
        guard present.header.type == wanted.type else {
            return replace(present, by: wanted, last: last, at: path)
        }
        mergeProperties(wanted, last: last, present: present, at: path)
    }

    private mutating func replace(
        _ present: PropertyGroup, by wanted: GroupTree, last: GroupTree?, at path: PropertyPath
    ) {
        guard let last, last.hasContent(of: present) else {
            return outcome.note(
                path.description, .groupType(here: present.header.type, there: wanted.type))
        }
        outcome.operations.append(.delete(path, id: present.header.id))
        outcome.make(wanted, at: path)
    }

    private mutating func mergeProperties(
        _ wanted: GroupTree, last: GroupTree?, present: PropertyGroup, at path: PropertyPath
    ) {
        let before = last.map(\.contents) ?? [:]
        let after = Dictionary(
            wanted.properties.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        var edits: [PropertyEdit] = []
        for name in Set(before.keys).union(after.keys).sorted() {
            let here = present[name]
            if path.group == "general", name == "enabled", here != nil { continue }
            let there = after[name]
            guard here != there?.content else { continue }
            let isOverride = there?.isOverride ?? false
            if !isOverride, before[name] == there?.content { continue }
            guard isOverride || before[name] == here else {
                outcome.note("\(path)/\(name)", Self.reason(here: here, there: there?.content))
                continue
            }
            edits.append(Self.edit(name, from: here, to: there?.content))
        }
        if !edits.isEmpty { outcome.commit(edits, to: path, present) }
    }

    private static func reason(
        here: PropertyContent?, there: PropertyContent?
    ) -> MergeConflict.Reason {
        here == nil ? .deletedHere : there == nil ? .droppedThere : .changed
    }

    private static func edit(
        _ name: String, from here: PropertyContent?, to there: PropertyContent?
    ) -> PropertyEdit {
        switch (here, there) {
        case (nil, let new?): .new(name, new)
        case (let old?, let new?):
            old.type == new.type ? .change(name, new) : .changeType(name, new)
        case (_?, nil): .delete(name)
        case (nil, nil): preconditionFailure("no edit of \(name) is none")
        }
    }

    private static func holdsEnabled(_ path: PropertyPath, _ present: PropertyGroup) -> Bool {
        path.group == "general" && present["enabled"] != nil
    }

    private mutating func drop(_ last: GroupTree, _ present: PropertyGroup, at path: PropertyPath) {
        if Self.holdsEnabled(path, present) {
            let empty = GroupTree(last.name, type: last.type, [])
            return mergeProperties(empty, last: last, present: present, at: path)
        }
        guard last.hasContent(of: present) || isNothingElse(in: present, than: last) else {
            guard last.isOfDependents, present.header.type == last.type else {
                return outcome.note(path.description, .droppedThere)
            }
            let empty = GroupTree(last.name, type: last.type, [])
            return mergeProperties(empty, last: last, present: present, at: path)
        }
        outcome.operations.append(.delete(path, id: present.header.id))
    }

    /// Whether all dependents that a group names are those that the last bundle had.
    ///
    /// Each is one thing for itself: that somebody has deleted another says nothing about them.
    private func isNothingElse(in present: PropertyGroup, than last: GroupTree) -> Bool {
        last.isOfDependents && present.header.type == last.type
            && present.properties.allSatisfy { last[$0.name] == $0.content }
    }

    /// Deletes the dependencies of others that the last bundle had as dependents and this has not.
    private mutating func dropDependents(_ wanted: ServiceTree) {
        for entity in wanted.entities where entity.isDeclared {
            guard let before = last[entity.path]?["dependents"], before.isOfDependents else {
                continue
            }
            for property in before.properties {
                guard case .text(let text)? = property.content.values.first,
                    let target = PropertyPath(String(decoding: text, as: UTF8.self)),
                    target.group == nil,
                    let group = present.entities[target]?[property.name],
                    wanted[target]?[property.name] == nil,
                    !isDecided(property.name, at: target, wanted),
                    entity["dependents"]?[property.name] == nil,
                    group.isDependent(of: entity.path)
                else { continue }
                let path = target.appending(group: property.name)
                outcome.operations.append(.delete(path, id: group.header.id))
            }
        }
    }

    /// Whether merging `target` itself has deleted the group or told why it stays.
    private func isDecided(
        _ group: String, at target: PropertyPath, _ wanted: ServiceTree
    ) -> Bool {
        wanted[target]?.isDeclared == true && last[target]?[group] != nil
    }
}

extension GroupTree {
    /// Whether each of its properties names the target of a dependent.
    var isOfDependents: Bool {
        name == "dependents" && type == "framework"
    }

    /// The content of each property.
    var contents: [String: PropertyContent] {
        Dictionary(properties.map { ($0.name, $0.content) }, uniquingKeysWith: { $1 })
    }

    /// Whether type and properties are those of `other`, however it wants them.
    func hasContent(of other: GroupTree) -> Bool {
        type == other.type && contents == other.contents
    }

    /// Whether type and properties are those that are stored.
    func hasContent(of present: PropertyGroup) -> Bool {
        hasContent(of: GroupTree(name, present))
    }
}
