/// Jobs by the time at which they run; those of one time run in the order they came in.
struct EventQueue {
    struct Event {
        let time: UInt64
        let order: UInt64
        let job: @Sendable () -> Void
    }

    /// A binary heap, the next event first.
    private var events: [Event] = []
    private var order: UInt64 = 0

    var next: UInt64? {
        events.first?.time
    }

    mutating func insert(at time: UInt64, _ job: @escaping @Sendable () -> Void) {
        order += 1
        events.append(Event(time: time, order: order, job: job))
        var child = events.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(child, parent) else { break }
            events.swapAt(child, parent)
            child = parent
        }
    }

    mutating func pop() -> Event? {
        guard let first = events.first else { return nil }
        let last = events.removeLast()
        guard !events.isEmpty else { return first }
        events[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < events.count {
                if precedes(child, least) { least = child }
            }
            guard least != parent else { return first }
            events.swapAt(parent, least)
            parent = least
        }
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (events[left].time, events[left].order) < (events[right].time, events[right].order)
    }
}
