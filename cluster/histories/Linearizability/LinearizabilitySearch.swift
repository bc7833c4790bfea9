import Glibc

/// Looks for an order of the operations of one key that explains every result.
///
/// The algorithm is that of Wing and Gong (*Testing and Verifying Concurrent Objects*, 1993) with
/// Lowe's memo (*Testing for linearizability*, 2017): a walk over the events in order of time tries
/// each operation that may come next, goes back where an operation has ended without a place, and
/// never looks twice at the same set of placed operations with the same state. It is a loop with a
/// stack of its own. Operations with unknown outcomes have no end; they are tried after the others,
/// and of several with equal calls, which are exchangeable, only the oldest that is left.
struct LinearizabilitySearch<Model: SequentialModel> {
    /// How the search ended.
    enum Decision: Equatable {
        case linearizable
        /// No order explains the results. At the most, `placed` operations could be placed, which made
        /// `state`; then `blocked` had to be, and could not.
        case violated(placed: Int, state: Model.State, blocked: Int)
        /// The budget was spent.
        case undecided
    }

    private struct Placed {
        /// A number in `certain`; or, below 0, the complement of one in `classes`.
        var operation: Int
        /// The state before it.
        var state: Model.State
    }

    /// A set of placed operations, and the state that it made.
    private struct Situation: Hashable {
        var state: Model.State
        /// The first word of the set that is not full, by its number, and its bits.
        var word: Int
        var bits: UInt64
        /// How many are placed of each class, then the words after the first.
        var rest: [UInt64]
    }

    /// Operations with unknown outcomes and equal calls, oldest first.
    private struct UnknownClass {
        var call: Model.Call
        var starts: [Int]
        var placed = 0
    }

    private var model: Model
    private var calls: [Model.Call] = []
    /// The numbers that the operations of `calls` have in the history.
    private var numbers: [Int] = []
    private var classes: [UnknownClass] = []

    // The events of what is not placed yet, as a doubly linked list with a head at 0. The event of
    // the invocation of operation n has the operation n, that of its end the operation -1 - n.
    private var next: [Int] = [0]
    private var previous: [Int] = [0]
    private var operationOf: [Int] = [0]
    private var positionOf: [Int] = [0]
    private var startNode: [Int] = []
    private var endNode: [Int] = []

    private var stack: [Placed] = []
    /// A bit for each of `calls`.
    private var isPlaced: [UInt64] = []
    private var placedCount = 0
    private var firstOpenWord = 0
    private var seen: Set<Situation> = []
    /// Bytes that the states of `seen` hold beside it, about.
    private var heldBytes = 0

    /// Throws where the operations are none of the model's type; `operations` ascend in number.
    init(_ operations: [Operation]) throws(ModelFailure) {
        model = Model()
        let candidates = operations.filter { !$0.hasFailed }
        let calls = try model.calls(candidates)
        var places: [(position: Int, operation: Int)] = []
        var classOf: [Model.Call: Int] = [:]
        for (operation, call) in zip(candidates, calls) {
            guard let call else { continue }
            guard operation.result != nil, let end = operation.endEvent else {
                let place = classOf[call] ?? classes.count
                classOf[call] = place
                if place == classes.count { classes.append(UnknownClass(call: call, starts: [])) }
                classes[place].starts.append(operation.startEvent)
                continue
            }
            places.append((operation.startEvent, self.calls.count))
            places.append((end, -1 - self.calls.count))
            self.calls.append(call)
            numbers.append(operation.number)
        }
        link(places.sorted { $0.position < $1.position })
        isPlaced = Array(repeating: 0, count: self.calls.count / 64 + 1)
    }

    private mutating func link(_ places: [(position: Int, operation: Int)]) {
        startNode = Array(repeating: 0, count: calls.count)
        endNode = startNode
        for place in places {
            let node = next.count
            previous.append(node - 1)
            next[node - 1] = node
            next.append(0)
            operationOf.append(place.operation)
            positionOf.append(place.position)
            if place.operation >= 0 {
                startNode[place.operation] = node
            } else {
                endNode[-1 - place.operation] = node
            }
        }
        previous[0] = next.count - 1
    }

    /// A description of a state of the model.
    func describe(_ state: Model.State) -> String {
        model.describe(state)
    }

    // MARK: - The search

    /// Searches; spends from `budget`.
    mutating func run(_ budget: inout SearchBudget) -> Decision {
        var state = model.initialState
        var node = next[0]
        var unknown = 0
        var best: Decision?
        while true {
            if node == 0 { return .linearizable }
            guard budget.takeStep(memoBytes: memoBytes) else { return .undecided }
            let operation = operationOf[node]
            if operation >= 0 {
                if let after = model.step(state, calls[operation]) {
                    setPlaced(operation, true)
                    if remember(after) {
                        stack.append(Placed(operation: operation, state: state))
                        lift(operation)
                        (state, node, unknown) = (after, next[0], 0)
                        continue
                    }
                    setPlaced(operation, false)
                }
                node = next[node]
                unknown = 0
                continue
            }
            // All that may come next and has a known outcome was tried.
            if let after = place(from: &unknown, before: positionOf[node], state) {
                (state, node, unknown) = (after, next[0], 0)
                continue
            }
            if stack.count >= deepest(best) {
                best = .violated(
                    placed: stack.count, state: state, blocked: numbers[-1 - operation])
            }
            guard let last = stack.popLast() else { return best ?? .undecided }
            state = last.state
            if last.operation >= 0 {
                setPlaced(last.operation, false)
                unlift(last.operation)
                (node, unknown) = (next[startNode[last.operation]], 0)
            } else {
                classes[-1 - last.operation].placed -= 1
                (node, unknown) = (firstEnd(), -last.operation)
            }
        }
    }

    private func deepest(_ decision: Decision?) -> Int {
        if case .violated(let placed, _, _) = decision { placed } else { 0 }
    }

    /// The first end in the list; there is one while anything is in it.
    private func firstEnd() -> Int {
        var node = next[0]
        while operationOf[node] >= 0, node != 0 { node = next[node] }
        return node
    }

    /// Places the first of the unknown classes from `unknown` on that may come next, and changes
    /// anything; nil if there is none.
    private mutating func place(
        from unknown: inout Int, before end: Int, _ state: Model.State
    ) -> Model.State? {
        while unknown < classes.count {
            let candidate = classes[unknown]
            if candidate.placed < candidate.starts.count, candidate.starts[candidate.placed] < end,
                let after = model.step(state, candidate.call), after != state
            {
                classes[unknown].placed += 1
                if remember(after) {
                    stack.append(Placed(operation: -1 - unknown, state: state))
                    return after
                }
                classes[unknown].placed -= 1
            }
            unknown += 1
        }
        return nil
    }

    private mutating func lift(_ operation: Int) {
        for node in [startNode[operation], endNode[operation]] {
            next[previous[node]] = next[node]
            previous[next[node]] = previous[node]
        }
    }

    private mutating func unlift(_ operation: Int) {
        for node in [endNode[operation], startNode[operation]] {
            next[previous[node]] = node
            previous[next[node]] = node
        }
    }

    // MARK: - The memo

    private var memoBytes: Int {
        seen.capacity * (MemoryLayout<Situation>.stride + 8 * restCount) + heldBytes
    }

    /// How many words a situation has beyond its first, about; an array has a header of four.
    private var restCount: Int {
        classes.isEmpty ? 1 : classes.count + 5
    }

    private mutating func setPlaced(_ operation: Int, _ isIn: Bool) {
        let (word, bit) = (operation / 64, UInt64(1) << UInt64(operation % 64))
        placedCount += isIn ? 1 : -1
        if isIn {
            isPlaced[word] |= bit
            while firstOpenWord < isPlaced.count - 1, isPlaced[firstOpenWord] == .max {
                firstOpenWord += 1
            }
        } else {
            isPlaced[word] &= ~bit
            firstOpenWord = min(firstOpenWord, word)
        }
    }

    /// Takes down what is placed now, with the state that it made; false if it was seen before.
    private mutating func remember(_ state: Model.State) -> Bool {
        var rest = classes.map { UInt64($0.placed) }
        let bits = isPlaced[firstOpenWord]
        var left = placedCount - 64 * firstOpenWord - bits.nonzeroBitCount
        var word = firstOpenWord + 1
        // Few words: nothing is placed that began after something had ended that is not.
        while left > 0 {
            rest.append(isPlaced[word])
            left -= isPlaced[word].nonzeroBitCount
            word += 1
        }
        let situation = Situation(
            state: state, word: firstOpenWord, bits: bits, rest: rest)
        guard seen.insert(situation).inserted else { return false }
        heldBytes += model.heldBytes(state)
        return true
    }
}

/// What searches may spend in time and memory, all together.
package struct SearchBudget: Sendable {
    /// Steps between two looks at the clock.
    private static let stride = 4_096

    /// What the clock of the thread's own processor time may say at the end, in nanoseconds: how busy
    /// the machine is decides nothing.
    private let end: UInt64
    /// The most bytes that the memo of one key may take, about.
    package let memoBytes: Int
    package private(set) var steps = 0
    private var isSpent = false

    package init(time: Duration = .seconds(60), memoBytes: Int = 2 << 30) {
        end = Self.processorNanoseconds() + UInt64(max(0, time / .nanoseconds(1)))
        self.memoBytes = memoBytes
    }

    private static func processorNanoseconds() -> UInt64 {
        var time = timespec()
        let code = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        precondition(code == 0, "clock_gettime: \(code)")
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Counts a step; false when the time is over or the memo too large.
    mutating func takeStep(memoBytes: Int) -> Bool {
        steps += 1
        if memoBytes > self.memoBytes { return false }
        if steps % Self.stride == 0, Self.processorNanoseconds() > end { isSpent = true }
        return !isSpent
    }
}
