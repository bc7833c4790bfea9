import Identifiers
import Properties

/// Something that a look at the cluster has found there, which counts for a moment.
///
/// Steps of iterators come in thousands, and each look is a way to the cluster and back. One stands for
/// the steps behind it as long as no handle of the process has heard of a later record of the cluster,
/// so that a program is told of every deletion that it can know of from here; and no longer than a
/// millisecond, for what it knows from other programs.
struct Sighting {
    enum Thing: Equatable {
        case group(EntityID)
        /// The name of a snapshot.
        case snapshot(EntityID)
    }

    let thing: Thing
    let moment: Moment
}

/// How long an answer counts.
struct Moment {
    static let milliseconds: UInt64 = 1

    /// The last record that the answer knew of.
    let index: LogIndex
    let end: MonotonicTime
}

// Under the lock.
extension Handle {
    /// The last answer knew of `thing`.
    func saw(_ thing: Sighting.Thing) {
        sighting = Sighting(thing: thing, moment: momentOfAnswer)
    }

    /// How long the last answer counts: from when it was asked for, as it may be that old.
    var momentOfAnswer: Moment {
        Moment(index: readIndex, end: askedAt.advanced(milliseconds: Moment.milliseconds))
    }

    func isStill(_ moment: Moment) -> Bool {
        !known.isBeyond(moment.index) && now() < moment.end
    }

    /// Whether `thing` was there a moment ago; `notBound`.
    private func sees(_ thing: Sighting.Thing) throws(Failure) -> Bool {
        _ = try cluster()
        guard let sighting, sighting.thing == thing else { return false }
        return isStill(sighting.moment)
    }

    /// Throws `deleted` where the group is gone, unless it was seen a moment ago.
    func requireSeen(_ view: GroupView) throws(Failure) {
        if case .level(let level) = view.origin { return try requireSeen(level.snapshot) }
        if try !sees(.group(view.base.header.id)) { try requirePresent(view) }
    }

    /// The same for the name of a snapshot.
    func requireSeen(_ view: SnapshotView) throws(Failure) {
        if try !sees(.snapshot(view.name.id)) { try requirePresent(view) }
    }
}
