package import Properties

/// Which groups a listing waits for, and what it shows then.
package struct PropertyWait: Sendable {
    /// Of the service or instance, and of an instance's service where that is shown with it.
    package let groups: [PropertyPath]
    /// Of the one service or instance that was found, as it is now.
    package let selection: PropertySelection

    /// Finds the group of the one property that is selected.
    ///
    /// What runs does not change with a group, only when a snapshot is taken; so a wait shows the
    /// present groups in its place. Throws `notFound` where none of the groups is there.
    package init(
        _ selection: PropertySelection, in repository: some PropertyRepository
    ) async throws(RepositoryFailure) {
        let pattern = try EntityPattern.read(selection.names.first ?? "")
        let owner = try await repository.findOne(pattern, prefersInstances: true)
        let view: PropertyView = selection.view == .running ? .composed : selection.view
        let owners = view == .direct ? [owner] : [owner, owner.servicePath]
        var groups: [PropertyPath] = []
        let wanted = selection.properties.first ?? pattern.property ?? ""
        if let name = wanted.split(separator: "/").first {
            for owner in owners {
                let path = PropertyPath(
                    service: owner.service, instance: owner.instance, group: String(name))
                if let path, !groups.contains(path) { groups.append(path) }
            }
        }
        guard let first = groups.first else {
            throw .failed(
                CommandFailure(.usage, "-w wants one group or property by -p, and no pattern"))
        }
        var isThere = false
        for path in groups where !isThere { isThere = try await repository.group(path) != nil }
        guard isThere else { throw .notFound("there is no \(first)") }
        self.groups = groups
        self.selection = PropertySelection(
            view: view, properties: [wanted], names: [owner.description])
    }
}
