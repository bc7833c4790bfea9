/// Calls in order, first in first out, without moving the rest at each removal.
struct CallQueue: Sequence {
    private var calls: [Call] = []
    private var head = 0

    init(_ calls: [Call] = []) {
        self.calls = calls
    }

    var isEmpty: Bool {
        head == calls.count
    }

    var first: Call? {
        isEmpty ? nil : calls[head]
    }

    mutating func append(_ call: Call) {
        calls.append(call)
    }

    /// Puts a call before those that came after it, in a queue that is in order of arrival.
    mutating func insert(_ call: Call) {
        var (lower, upper) = (head, calls.count)
        while lower < upper {
            let middle = lower + (upper - lower) / 2
            if calls[middle].number < call.number { lower = middle + 1 } else { upper = middle }
        }
        calls.insert(call, at: lower)
    }

    mutating func removeFirst() -> Call {
        precondition(!isEmpty, "the queue is empty")
        let call = calls[head]
        head += 1
        if head == calls.count {
            calls.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1_024, head * 2 >= calls.count {
            calls.removeSubrange(0..<head)
            head = 0
        }
        return call
    }

    func makeIterator() -> ArraySlice<Call>.Iterator {
        calls[head...].makeIterator()
    }
}
