/// An array that also gives up its front cheaply; random access, amortised O(1) at both ends.
///
/// The space of removed front elements is kept until they are more than half of the storage.
struct Queue<Element: Sendable>: Sendable {
    private var storage: [Element] = []
    private var head = 0

    init() {}

    init(_ elements: [Element]) {
        storage = elements
    }

    var count: Int {
        storage.count - head
    }

    var isEmpty: Bool {
        storage.count == head
    }

    var first: Element? {
        isEmpty ? nil : storage[head]
    }

    var last: Element? {
        isEmpty ? nil : storage[storage.count - 1]
    }

    subscript(offset: Int) -> Element {
        get { storage[head + offset] }
        set { storage[head + offset] = newValue }
    }

    mutating func append(_ element: Element) {
        storage.append(element)
    }

    mutating func removeFirst(_ count: Int = 1) {
        precondition(count <= self.count, "removing \(count) of \(self.count) elements")
        head += count
        if head == storage.count {
            storage.removeAll(keepingCapacity: storage.capacity <= 1_024)
            head = 0
        } else if head > 32, head > storage.count / 2 {
            storage.removeFirst(head)
            head = 0
        }
    }

    mutating func removeLast(_ count: Int) {
        precondition(count <= self.count, "removing \(count) of \(self.count) elements")
        storage.removeLast(count)
    }

    mutating func removeAll() {
        storage.removeAll()
        head = 0
    }

    /// The number of leading elements that satisfy `predicate`, which holds for a prefix only.
    func partitionPoint(where predicate: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
