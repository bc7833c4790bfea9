import Identifiers
import Synchronization

/// The last record that any handle of this process has heard of.
///
/// What a program is told by one handle it may hold against another: that one must not show it less.
package final class KnownIndex: Sendable {
    /// That of all handles, of whatever cluster: one that is ahead for another's sake lets handles look
    /// at theirs more often, and does no other harm.
    package static let ofProcess = KnownIndex()

    private let last = Atomic<UInt64>(0)

    package init() {}

    /// An answer knew of the record `index`.
    func hear(_ index: LogIndex) {
        last.max(index.rawValue, ordering: .acquiringAndReleasing)
    }

    /// Whether anything behind `index` has been heard of.
    func isBeyond(_ index: LogIndex) -> Bool {
        last.load(ordering: .acquiring) > index.rawValue
    }
}
