package import Properties

extension PresentTree {
    /// A dependency that a dependent of a service or an instance is to have put at another.
    package struct Dependency: Hashable, Sendable {
        package let owner: PropertyPath
        /// The group at the target.
        package let group: PropertyPath
    }

    /// What the dependents of the services and instances here name at others, which are not here.
    package var dependenciesElsewhere: [Dependency] {
        entities.flatMap { owner, groups -> [Dependency] in
            guard let own = groups["dependents"], own.header.isPersistent else { return [] }
            return own.properties.compactMap { property in
                guard let text = property.content.values.first.flatMap(ValueText.text),
                    let target = PropertyPath(text), target.group == nil,
                    entities[target] == nil, NameRules.isValid(property.name, as: .group)
                else { return nil }
                return Dependency(owner: owner, group: target.appending(group: property.name))
            }
        }.sorted {
            ($0.group.description, $0.owner.description)
                < ($1.group.description, $1.owner.description)
        }
    }

    /// The persistent groups as a tree, which a bundle can tell.
    ///
    /// With the dependencies elsewhere that dependents tell.
    package var tree: ServiceTree {
        tree(elsewhere: told)
    }

    /// The dependencies elsewhere that no dependent can tell, and so no bundle of these services.
    package var untold: [PropertyPath] {
        let told = told
        return elsewhere.flatMap { target, groups in
            groups.keys.map { target.appending(group: $0) }
        }.filter { !told.contains($0) }.sorted { $0.description < $1.description }
    }

    /// The groups elsewhere that a writer tells by dependents.
    private var told: Set<PropertyPath> {
        guard !elsewhere.isEmpty else { return [] }
        let all = elsewhere.flatMap { target, groups in
            groups.keys.map { target.appending(group: $0) }
        }
        var writer = TreeWriter(tree: tree(elsewhere: Set(all)))
        return writer.claim()
    }

    private func tree(elsewhere told: Set<PropertyPath>) -> ServiceTree {
        let own = entities.map { path, groups in
            EntityTree(
                path,
                groups: groups.filter(\.value.header.isPersistent).map { GroupTree($0, $1) })
        }
        let others = elsewhere.map { target, groups in
            EntityTree(
                target, isDeclared: false,
                groups: groups.filter { told.contains(target.appending(group: $0.key)) }
                    .map { GroupTree($0, $1) })
        }
        return ServiceTree(own + others.filter { !$0.groups.isEmpty })
    }
}

extension PropertyGroup {
    /// Whether it is the dependency on `owner` that a dependent has made.
    package func isDependent(of owner: PropertyPath) -> Bool {
        header.type == "dependency" && isExternal
            && self["entities"]?.values == [.text(Array(owner.description.utf8))]
    }

    /// Whether a dependent of `owner` may have made it, whatever somebody has changed of it since.
    package func mayBeDependent(of owner: PropertyPath) -> Bool {
        header.type == "dependency" && (isExternal || isDependency(on: owner))
    }

    /// Who has made this dependency by a dependent; nil for any other group.
    package var dependentOwner: PropertyPath? {
        guard header.type == "dependency", isExternal else { return nil }
        return self["entities"].flatMap(Self.owner)
    }

    static func owner(_ entities: PropertyContent) -> PropertyPath? {
        guard entities.values.count == 1, let text = entities.values.first.flatMap(ValueText.text)
        else { return nil }
        return PropertyPath(text)
    }

    /// Whether it says that a dependent has made it.
    var isExternal: Bool {
        self["external"]?.values == [.boolean(true)]
    }

    /// Whether `owner` is one of those that it depends on.
    func isDependency(on owner: PropertyPath) -> Bool {
        header.type == "dependency"
            && self["entities"]?.values.contains {
                ValueText.text($0).flatMap { PropertyPath($0) } == owner
            } == true
    }
}
