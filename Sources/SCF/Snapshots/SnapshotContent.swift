import Properties

/// What a snapshot holds, once anything has been read of it.
///
/// It never changes, and the cluster keeps it only while not too many others have replaced it: who has
/// begun to read goes on with the copy.
final class SnapshotContent {
    /// The groups of both levels, by name; nil: not read yet; under the lock.
    fileprivate var entries: [ListedComposition]?
}

// Under the lock.
extension Handle {
    /// The groups of both levels of a snapshot: `deleted` where it cannot be read any more.
    func content(of view: SnapshotView) throws(Failure) -> [ListedComposition] {
        if let known = view.content.entries { return known }
        let source = Self.composition(of: view.instance, in: view)
        var entries: [ListedComposition] = []
        var after: String? = ""
        while let last = after {
            let query = PropertyQuery.composedGroups(
                source, type: nil, page: .init(after: last))
            let listing = try read(query, ComposedListing.init)
            entries += listing.entries
            after = listing.through
        }
        view.content.entries = entries
        return entries
    }

    /// A group of an instance and its service's of that name, as they are or as a snapshot has them.
    func composedGroup(
        _ name: String, of instance: Entity, in snapshot: SnapshotView?
    ) throws(Failure) -> ComposedGroup {
        if let snapshot {
            return try content(of: snapshot).first { $0.name == name }?.group
                ?? ComposedGroup(instance: nil, service: nil)
        }
        let query = PropertyQuery.composedGroup(
            Self.composition(of: instance, in: nil), name: name)
        return try read(query, ComposedReply.init).group
    }
}

extension ComposedGroup {
    /// The group that one level of a snapshot has.
    func group(at level: SnapshotLevel) -> PropertyGroup? {
        level == .instance ? instance : service
    }
}
