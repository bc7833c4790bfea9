import Properties

/// Which properties of which services and instances are to be listed.
package struct PropertySelection: Sendable {
    package let view: PropertyView
    /// `GROUP` or `GROUP/PROPERTY`, each perhaps a pattern; none: everything.
    package let properties: [String]
    package let names: [String]

    package init(view: PropertyView, properties: [String], names: [String]) {
        self.view = view
        self.properties = properties
        self.names = names
    }

    /// What was found, and what was not.
    package struct Listing: Sendable {
        package var lines: [PropertyLine] = []
        /// In the order in which they were named; empty where everything is there.
        package var missing: [String] = []
        /// More than one service or instance was named, or one name stands for several.
        package var isOfSeveral = false
        /// One property was named, not by a pattern.
        package var isOneProperty = false
    }

    /// Shows what is there of what was named; throws what is wrong with a name, and what reading throws.
    package func list(
        in repository: some PropertyRepository
    ) async throws(RepositoryFailure) -> Listing {
        var listing = Listing()
        var owners = 0
        var wantsOne = true
        for text in names {
            let pattern = try EntityPattern.read(text)
            let found = try await repository.find(pattern, prefersInstances: true)
            if found.isEmpty { listing.missing.append(text) }
            let wanted = properties + [pattern.property].compactMap(\.self)
            wantsOne =
                wantsOne && wanted.count == 1
                && wanted.allSatisfy { $0.contains("/") && !Glob.isPattern($0) }
            for owner in found {
                owners += 1
                do throws(RepositoryFailure) {
                    try await list(wanted, of: owner, in: repository, &listing)
                } catch {
                    guard case .notFound(let text) = error else { throw error }
                    let told = "there is no "
                    listing.missing.append(
                        text.hasPrefix(told) ? String(text.dropFirst(told.count)) : "\(owner)")
                }
            }
        }
        // A script that names several gets whole paths whatever of them is there.
        listing.isOfSeveral = owners > 1 || names.count > 1
        listing.isOneProperty =
            wantsOne && !listing.isOfSeveral && owners == 1 && listing.lines.count == 1
        return listing
    }

    private func list(
        _ wanted: [String], of owner: PropertyPath, in repository: some PropertyRepository,
        _ listing: inout Listing
    ) async throws(RepositoryFailure) {
        let lines = try await repository.lines(of: owner, view)
        guard !wanted.isEmpty else {
            listing.lines += lines
            return
        }
        for text in wanted {
            let found = lines.filter { Self.fits($0, text) }
            listing.lines += found
            guard found.isEmpty else { continue }
            var missing = "\(owner)/:properties/\(text)"
            if view == .running, owner.instance != nil,
                try await repository.lines(of: owner, .composed)
                    .contains(where: { Self.fits($0, text) })
            {
                missing += " in what runs, but there is now: -c shows it, and refresh lets it run"
            }
            listing.missing.append(missing)
        }
    }

    /// Whether a line is of what `GROUP` or `GROUP/PROPERTY` names.
    private static func fits(_ line: PropertyLine, _ wanted: String) -> Bool {
        let parts = wanted.split(separator: "/", maxSplits: 1)
        guard let group = parts.first, Glob.matches(line.group, group) else { return false }
        guard parts.count > 1 else { return true }
        return line.name.map { Glob.matches($0, parts[1]) } ?? false
    }
}
