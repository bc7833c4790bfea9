/// What has happened to groups and not been told yet: each group once, however often it changed.
///
/// The creation of a group is not told, nor is what it was created with (*_scf_notify_wait*); the
/// deletion of anything is. Things are told in the order in which they first happened.
package struct GroupChangeQueue: Sendable {
    /// One change, as a feed has it.
    package struct Change: Hashable, Sendable {
        package let key: String
        package let isCreation: Bool
        package let isDeletion: Bool

        package init(key: String, isCreation: Bool, isDeletion: Bool) {
            self.key = key
            self.isCreation = isCreation
            self.isDeletion = isDeletion
        }
    }

    package enum Event: Hashable, Sendable {
        /// A group has another version.
        case changed(PropertyPath)
        /// A service, an instance or a group is gone.
        case deleted(PropertyPath)
        /// More has happened than is kept: read everything anew.
        case everything
    }

    /// An event in its place; void where another number is known for the event, or none.
    private struct Place {
        let event: Event
        let number: UInt64
    }

    private var waiting: [Place] = []
    private var head = 0
    private var known: [Event: UInt64] = [:]
    private var nextNumber: UInt64 = 0
    private let limit: Int

    /// A queue of at most `limit` events; over that, one stands for all.
    package init(limit: Int = 65_536) {
        precondition(limit > 0, "a queue of \(limit) events")
        self.limit = limit
    }

    package var isEmpty: Bool {
        known.isEmpty
    }

    /// Takes the changes of one transaction, in their order.
    package mutating func take(_ changes: [Change]) {
        var created: Set<PropertyPath> = []
        for change in changes {
            guard let path = PropertyPath(change.key) else { continue }
            guard path.property != nil, let group = path.groupPath else {
                if change.isCreation { created.insert(path) }
                if change.isDeletion {
                    // What is gone has nothing else to tell; its properties went before it.
                    known[.changed(path)] = nil
                    append(.deleted(path))
                }
                continue
            }
            if !created.contains(group) { append(.changed(group)) }
        }
    }

    /// A group has gone with what it belonged to: its changes are not told any more.
    package mutating func dropChanges(of group: PropertyPath) {
        known[.changed(group)] = nil
    }

    /// Nothing is known of what has happened since.
    package mutating func loseTrack() {
        waiting = []
        head = 0
        known = [:]
        append(.everything)
    }

    /// The next event, which is not told again unless it happens again.
    package mutating func next() -> Event? {
        while head < waiting.count {
            let place = waiting[head]
            head += 1
            if head == waiting.count {
                waiting.removeAll(keepingCapacity: true)
                head = 0
            }
            guard isValid(place) else { continue }
            known[place.event] = nil
            return place.event
        }
        return nil
    }

    private mutating func append(_ event: Event) {
        guard known[.everything] == nil, known[event] == nil else { return }
        guard known.count < limit else { return loseTrack() }
        // Void places must not pile up.
        if waiting.count - head >= limit * 2 {
            waiting = waiting[head...].filter(isValid)
            head = 0
        }
        known[event] = nextNumber
        waiting.append(Place(event: event, number: nextNumber))
        nextNumber += 1
    }

    private func isValid(_ place: Place) -> Bool {
        known[place.event] == place.number
    }
}
