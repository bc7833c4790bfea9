import IOCore

/// The work of one connection that makes large answers: what may begin now, and what waits.
///
/// Nothing is held back until a piece of work comes back because its answer had no room. From then
/// on few are under way at a time, more with each that was answered, until none waits any more: so a
/// client that is slow to take its answers costs few attempts in vain.
package struct AnswerQueue<Work> {
    private var held: [Work] = []
    private var underWay = 0
    /// Pieces of work that may be under way.
    private var window = Int.max

    package init() {}

    /// Takes a piece of work, to begin when `next` gives it back.
    package mutating func append(_ work: Work) {
        held.append(work)
    }

    /// The piece of work to begin now; nil if there is none or enough are under way.
    package mutating func next() -> Work? {
        guard !held.isEmpty, underWay < window else { return nil }
        underWay += 1
        return held.removeFirst()
    }

    /// A piece of work that was begun has been answered.
    package mutating func answered() {
        precondition(underWay > 0, "an answer with no work under way")
        underWay -= 1
        if held.isEmpty {
            window = .max
        } else if window < .max {
            window += 1
        }
    }

    /// A piece of work that was begun had no room for its answer: it is to begin again.
    package mutating func refused(_ work: Work) {
        precondition(underWay > 0, "a refusal with no work under way")
        window = max(1, min(window, underWay) / 2)
        underWay -= 1
        held.append(work)
    }
}

/// Bytes of answers for one connection, known to the loop and to the worker that makes them.
///
/// What is made and not delivered counts like what the system has not taken, so that answers of any
/// size and number stay below the bound but for the last one.
package final class AnswerRoom: Sendable {
    private struct Bytes {
        var made = 0
        var unsent = 0
    }

    private let bytes = Locked(Bytes())
    private let bound: Int

    package init(bound: Int) {
        self.bound = bound
    }

    /// Whether another answer may be made.
    package var isOpen: Bool {
        bytes.withLock { $0.made + $0.unsent <= bound }
    }

    /// An answer of `count` bytes has been made; on any thread.
    package func made(_ count: Int) {
        bytes.withLock { $0.made += count }
    }

    /// An answer of `count` bytes is about to be given to the connection, with which it will have
    /// `unsent` bytes that the system has not taken.
    package func delivered(_ count: Int, unsent: Int) {
        bytes.withLock { bytes in
            precondition(
                count <= bytes.made, "\(count) bytes delivered, and \(bytes.made) made")
            bytes.made -= count
            bytes.unsent = unsent
        }
    }

    /// The connection has `unsent` bytes that the system has not taken.
    package func noteUnsent(_ unsent: Int) {
        bytes.withLock { $0.unsent = unsent }
    }
}
