/// Jobs by the time at which they run; those of one time run in the order they came in.
///
/// The heap moves plain numbers; the jobs stay where they were put until they run.
struct EventQueue {
    typealias Job = @Sendable () -> Void

    /// A job and the time at which it runs; a tuple or an optional would cost each closure a wrapper.
    struct Due {
        let time: UInt64
        let job: Job
    }

    /// When a job runs, and its place in `jobs`.
    private struct Event {
        let time: UInt64
        let order: UInt64
        let place: Int

        func precedes(_ other: Event) -> Bool {
            time != other.time ? time < other.time : order < other.order
        }
    }

    /// A binary heap, the next event first.
    private var events: ContiguousArray<Event> = []
    private var jobs: ContiguousArray<Due> = []
    /// Places of `jobs` that hold none.
    private var free: ContiguousArray<Int> = []
    private var order: UInt64 = 0
    private static let nothing = Due(time: 0) {}

    /// When the next job runs; nil where none waits.
    var next: UInt64? {
        events.first?.time
    }

    mutating func insert(at time: UInt64, _ job: @escaping Job) {
        order += 1
        let place: Int
        if let known = free.popLast() {
            place = known
            jobs[place] = Due(time: time, job: job)
        } else {
            place = jobs.count
            jobs.append(Due(time: time, job: job))
        }
        let event = Event(time: time, order: order, place: place)
        events.append(event)
        var child = events.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard event.precedes(events[parent]) else { break }
            events[child] = events[parent]
            child = parent
        }
        events[child] = event
    }

    /// Takes out the next job.
    mutating func pop() -> Due? {
        guard let first = events.first, let last = events.popLast() else { return nil }
        if !events.isEmpty { sink(last) }
        let due = jobs[first.place]
        jobs[first.place] = Self.nothing
        free.append(first.place)
        return due
    }

    /// Puts `event` in the place of the first, and further down as far as it belongs.
    private mutating func sink(_ event: Event) {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < events.count else { break }
            if child + 1 < events.count, events[child + 1].precedes(events[child]) { child += 1 }
            guard events[child].precedes(event) else { break }
            events[parent] = events[child]
            parent = child
        }
        events[parent] = event
    }
}
