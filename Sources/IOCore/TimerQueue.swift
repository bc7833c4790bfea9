package import Identifiers

/// Jobs by deadline; those of one deadline in the order they came.
///
/// A binary heap of deadlines beside a table of jobs. Cancelling forgets the job and leaves the
/// deadline in the heap, which is rebuilt when most of it is dead.
package struct TimerQueue {
    private struct Entry {
        let deadline: MonotonicTime
        let id: UInt64

        func precedes(_ other: Entry) -> Bool {
            deadline == other.deadline ? id < other.id : deadline < other.deadline
        }
    }

    private var heap: [Entry] = []
    private var jobs: [UInt64: @Sendable () -> Void] = [:]
    private var nextID: UInt64 = 1

    /// Jobs that wait.
    package var count: Int {
        jobs.count
    }

    /// The earliest deadline of a job that waits.
    package var earliest: MonotonicTime? {
        mutating get {
            while let first = heap.first, jobs[first.id] == nil {
                removeFirst()
            }
            return heap.first?.deadline
        }
    }

    package init() {}

    package mutating func add(
        _ deadline: MonotonicTime, _ job: @escaping @Sendable () -> Void
    ) -> TimerID {
        let id = nextID
        nextID += 1
        jobs[id] = job
        heap.append(Entry(deadline: deadline, id: id))
        siftUp(heap.count - 1)
        return TimerID(id)
    }

    package mutating func cancel(_ timer: TimerID) {
        guard jobs.removeValue(forKey: timer.rawValue) != nil else { return }
        if heap.count > 64, heap.count > 4 * jobs.count { rebuild() }
    }

    /// Takes the identifiers of all that is due at `now`, earliest first; their jobs stay until taken.
    package mutating func due(at now: MonotonicTime) -> [TimerID] {
        var result: [TimerID] = []
        while let first = heap.first, first.deadline <= now {
            removeFirst()
            if jobs[first.id] != nil { result.append(TimerID(first.id)) }
        }
        return result
    }

    /// Takes the job of a timer that is due, unless it has been cancelled meanwhile.
    package mutating func take(_ timer: TimerID) -> (@Sendable () -> Void)? {
        jobs.removeValue(forKey: timer.rawValue)
    }

    package mutating func removeAll() {
        heap = []
        jobs = [:]
    }

    private mutating func rebuild() {
        // A sorted array is a heap.
        heap = heap.filter { jobs[$0.id] != nil }.sorted { $0.precedes($1) }
    }

    private mutating func removeFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        siftDown()
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].precedes(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var least = parent
            for child in (2 * parent + 1)...(2 * parent + 2)
            where child < heap.count && heap[child].precedes(heap[least]) {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
