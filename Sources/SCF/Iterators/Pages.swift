import Properties

/// Children that are read page by page, and told one by one.
///
/// What was read ahead is told as long as the answer counts that had it. Then it is read anew from the
/// last child that was told on, so that nothing deleted is told, nor a group at an old version.
struct Pages<Child> {
    /// The names and children of one page, and through which name it is all: there may be more behind it.
    typealias Part = (children: [(name: String, child: Child)], through: String?)

    private var ahead: ArraySlice<(name: String, child: Child)> = []
    /// Behind which name to go on after those; nil where they are the last.
    private var after: String? = ""
    /// The last name that was told, or the one behind which the page begins.
    private var told = ""
    /// How many of the page were told.
    private var toldCount = 0
    /// How many rows to read at once.
    ///
    /// A program that takes long, or changes something at each step, has few of them read in vain.
    private var limit = PropertyQuery.Page.limits.upperBound
    private let handle: Handle
    /// What holds the children for good, as long as it is there; nil where they may go and change.
    private let snapshot: SnapshotView?
    /// How long the page counts.
    private var moment: Moment?
    private let read: (PropertyQuery.Page) throws(Failure) -> Part

    /// Goes through what `read` answers, which throws `deleted` where what has the children is gone.
    init(
        _ handle: Handle, heldBy snapshot: SnapshotView? = nil,
        read: @escaping (PropertyQuery.Page) throws(Failure) -> Part
    ) {
        self.handle = handle
        self.snapshot = snapshot
        self.read = read
    }

    /// The next child; nil at the end, and for ever; under the lock.
    mutating func next() throws(Failure) -> Child? {
        if !ahead.isEmpty, try !isCurrent() {
            ahead = []
            after = told
            limit = Self.bounded(toldCount * 2)
        }
        while ahead.isEmpty, let after {
            let part = try read(.init(after: after, limit: limit))
            moment = handle.momentOfAnswer
            ahead = part.children[...]
            self.after = part.through
            told = after
            toldCount = 0
            // All of it will be told, unless it has to be read anew.
            limit = Self.bounded(limit * 4)
        }
        guard let next = ahead.popFirst() else { return nil }
        told = next.name
        toldCount += 1
        return next.child
    }

    /// Whether what was read ahead may be told: `deleted` where what holds it is gone.
    private func isCurrent() throws(Failure) -> Bool {
        if let snapshot {
            try handle.requireSeen(snapshot)
            return true
        }
        return moment.map { handle.isStill($0) } ?? false
    }

    private static func bounded(_ limit: Int) -> Int {
        let bounds = PropertyQuery.Page.limits
        return min(max(limit, bounds.lowerBound), bounds.upperBound)
    }
}
