import Properties

/// What has been read of a snapshot.
///
/// It never changes, and the cluster keeps it only while not too many others have replaced it: who has
/// begun to read goes on with the copy. A group that is asked for by name is read alone; the whole is
/// copied when somebody goes through it, or when another is found under its name.
final class SnapshotContent {
    fileprivate enum Rest {
        /// It is to be read of the cluster.
        case unread
        /// All is here, under these names, in order.
        case copied([String])
        /// The cluster does not keep it any more.
        case gone
    }

    /// The groups of both levels that were read, by name; under the lock.
    fileprivate var groups: [String: ComposedGroup] = [:]
    fileprivate var rest = Rest.unread

    /// Whether somebody has begun to read it, and the rest may be there to be read.
    var isPartial: Bool {
        guard case .unread = rest else { return false }
        return !groups.isEmpty
    }
}

// Under the lock.
extension Handle {
    /// The groups of both levels of a snapshot: `deleted` where it cannot be read any more.
    func content(of view: SnapshotView) throws(Failure) -> [ListedComposition] {
        switch view.content.rest {
        case .copied(let names):
            return names.compactMap { name in
                view.content.groups[name].map { ListedComposition(name: name, group: $0) }
            }
        case .gone:
            throw .deleted
        case .unread:
            break
        }
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
        for entry in entries { view.content.groups[entry.name] = entry.group }
        view.content.rest = .copied(entries.map(\.name))
        return entries
    }

    /// Copies what is left of a snapshot that another has replaced, as long as the cluster keeps it.
    ///
    /// What was asked for has been answered: where the cluster does not answer this, the next call that
    /// finds it replaced tries again.
    func copyRest(of view: SnapshotView) {
        guard view.content.isPartial else { return }
        do throws(Failure) {
            _ = try content(of: view)
        } catch {
            if error == .deleted { view.content.rest = .gone }
        }
    }

    /// A group of an instance and its service's of that name, as they are or as a snapshot has them.
    func composedGroup(
        _ name: String, of instance: Entity, in snapshot: SnapshotView?
    ) throws(Failure) -> ComposedGroup {
        if let content = snapshot?.content {
            if let known = content.groups[name] { return known }
            switch content.rest {
            case .copied: return ComposedGroup(instance: nil, service: nil)
            case .gone: throw .deleted
            case .unread: break
            }
        }
        let query = PropertyQuery.composedGroup(
            Self.composition(of: instance, in: snapshot), name: name)
        let group = try read(query, ComposedReply.init).group
        if group.instance != nil || group.service != nil {
            snapshot?.content.groups[name] = group
        }
        return group
    }
}

extension ComposedGroup {
    /// The group that one level of a snapshot has.
    func group(at level: SnapshotLevel) -> PropertyGroup? {
        level == .instance ? instance : service
    }
}
