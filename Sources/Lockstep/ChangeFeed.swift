import Client
import IOCore
import Transactions

/// The change sets of a watch, in log order, each once, until the reader stops or history is lost.
///
/// Goes on over lost connections and leader changes from the last index seen. For one reader; a
/// reader that is slow holds the cluster back from sending, not from committing.
public struct ChangeFeed: AsyncSequence, Sendable {
    public typealias Element = ChangeSet
    public typealias Failure = LockstepError

    let buffer: ChangeFeedBuffer

    public func makeAsyncIterator() -> Iterator {
        Iterator(buffer: buffer)
    }

    public struct Iterator: AsyncIteratorProtocol {
        let buffer: ChangeFeedBuffer

        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(LockstepError) -> ChangeSet? {
            try await buffer.next()
        }
    }
}

/// What lies between the loop, which appends, and one reader, which waits.
final class ChangeFeedBuffer: WatchReader {
    private struct Held: ReadSource {
        var sets: [ChangeSet] = []
        var head = 0
        /// Change sets that the node may still send.
        var credit = 0
        /// Change sets read since the node was last given credit for them.
        var returned = 0

        var count: Int {
            sets.count - head
        }

        mutating func next() -> ChangeSet? {
            guard count > 0 else { return nil }
            let set = sets[head]
            head += 1
            if head == sets.count {
                sets.removeAll(keepingCapacity: true)
                head = 0
            }
            returned += 1
            return set
        }
    }

    private let port = ReaderPort(Held(), "a change feed")
    private let capacity: Int
    /// Asks the loop to give credit, and tells it that the reader is gone.
    private let wantsCredit: @Sendable () -> Void
    private let readerGone: @Sendable () -> Void

    init(
        capacity: Int, wantsCredit: @escaping @Sendable () -> Void,
        readerGone: @escaping @Sendable () -> Void
    ) {
        self.capacity = capacity
        self.wantsCredit = wantsCredit
        self.readerGone = readerGone
    }

    deinit {
        readerGone()
    }

    /// The credit for a new request: all the room there is.
    func renewCredit() -> Int {
        port.fill { held, _ in
            held.credit = capacity - held.count
            held.returned = 0
            return held.credit
        }
    }

    /// The credit to give on top, at once for all that was read meanwhile.
    func takeReturnedCredit() -> Int {
        port.fill { held, _ in
            let credit = held.returned
            held.returned = 0
            held.credit += credit
            return credit
        }
    }

    /// Appends what has arrived for `credits` of credit; false if there was less.
    func append(_ sets: [Transactions.ChangeSet], credits: Int) -> Bool {
        let sets = sets.map(ChangeSet.init)
        return port.fill { held, isOpen in
            guard credits <= held.credit else { return false }
            guard isOpen else { return true }
            held.credit -= credits
            held.returned += credits - sets.count
            held.sets.append(contentsOf: sets)
            return true
        }
    }

    /// Ends the feed behind what it holds.
    func finish(_ failure: CallFailure) {
        port.end(.failure(LockstepError(failure)))
    }

    func next() async throws(LockstepError) -> ChangeSet? {
        let set = try await port.next(whenCancelled: readerGone)
        if set != nil { askForCredit() }
        return set
    }

    private func askForCredit() {
        let due = port.fill { held, _ in held.returned * 2 >= capacity || held.credit == 0 }
        if due { wantsCredit() }
    }
}
