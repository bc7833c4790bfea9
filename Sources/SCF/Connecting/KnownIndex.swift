import IOCore
package import Identifiers
import Synchronization

/// The last record of one cluster that any handle of this process has heard of.
///
/// What a program is told by one handle it may hold against another: that one must not show it less.
package final class KnownIndex: Sendable {
    /// How many clusters have one of their own.
    private static let mostClusters = 64
    private static let ofClusters = Locked<[ClusterID: KnownIndex]>([:])
    /// That of all others: one that is ahead for another's sake lets handles look at theirs more often,
    /// and does no other harm.
    private static let ofOthers = KnownIndex()

    private let last = Atomic<UInt64>(0)

    package init() {}

    /// That of all handles of this process which are bound to a cluster, however they have found it.
    package static func of(_ cluster: ClusterID?) -> KnownIndex {
        guard let cluster else { return ofOthers }
        return ofClusters.withLock { indexes in
            if let known = indexes[cluster] { return known }
            guard indexes.count < mostClusters else { return ofOthers }
            let fresh = KnownIndex()
            indexes[cluster] = fresh
            return fresh
        }
    }

    /// An answer knew of the record `index`.
    func hear(_ index: LogIndex) {
        last.max(index.rawValue, ordering: .acquiringAndReleasing)
    }

    /// Whether anything behind `index` has been heard of.
    func isBeyond(_ index: LogIndex) -> Bool {
        last.load(ordering: .acquiring) > index.rawValue
    }
}
