package import Identifiers

/// What each group must hold at each index: the name of its last committed writer.
///
/// Made from the commits that were told in the order of the log; knows nothing of stores.
package struct ValueModel {
    /// One commit that has written to a group.
    package struct Write: Hashable, Sendable {
        package let index: LogIndex
        package let operation: String

        package init(index: LogIndex, operation: String) {
            self.index = index
            self.operation = operation
        }
    }

    /// A read, as its client was answered.
    package struct Read: Sendable {
        let client: String
        let group: Int
        /// The index at which the answer says to be.
        let applied: LogIndex
        /// Nil where the answer said that there is nothing.
        let value: String?

        package init(client: String, group: Int, applied: LogIndex, value: String?) {
            self.client = client
            self.group = group
            self.applied = applied
            self.value = value
        }
    }

    /// A transaction that wanted a group to be at a version, and what became of it.
    package struct Condition: Sendable {
        let operation: String
        let group: Int
        /// The index of the writer that it wanted to be the last; nil: nobody has written.
        let version: LogIndex?
        /// Where it was committed or aborted.
        let index: LogIndex
        /// Whether it was committed; otherwise it was told that this condition did not hold.
        let held: Bool

        package init(
            operation: String, group: Int, version: LogIndex?, index: LogIndex, held: Bool
        ) {
            self.operation = operation
            self.group = group
            self.version = version
            self.index = index
            self.held = held
        }
    }

    /// The writes of each group, ascending.
    private var writes: [Int: [Write]] = [:]

    package init() {}

    /// The operation was committed at `index`, behind all that was before.
    package mutating func committed(_ operation: String, groups: [Int], at index: LogIndex) {
        for group in groups {
            if let last = writes[group]?.last {
                precondition(last.index < index, "\(operation) at \(index) behind \(last)")
            }
            writes[group, default: []].append(Write(index: index, operation: operation))
        }
    }

    /// The last write of a group up to `index`; nil where there is none.
    package func last(_ group: Int, at index: LogIndex) -> Write? {
        writes[group]?.last { $0.index <= index }
    }

    /// What is wrong with a read; nil where it was given what stood at its index.
    package func violation(of read: Read) -> String? {
        let right = last(read.group, at: read.applied)
        guard right?.operation != read.value else { return nil }
        return "\(read.client) read \(read.value ?? "nothing") in g\(read.group) at "
            + "\(read.applied), where \(right?.operation ?? "nothing") stands"
    }

    /// What is wrong with the outcome of a conditional transaction; nil where it is right.
    package func violation(of condition: Condition) -> String? {
        let before = last(condition.group, at: LogIndex(condition.index.rawValue - 1))
        guard (before?.index == condition.version) != condition.held else { return nil }
        return "\(condition.operation) wanted g\(condition.group) to be at "
            + "\(condition.version?.description ?? "nothing") and was "
            + "\(condition.held ? "committed" : "aborted") at \(condition.index), where "
            + "\(before?.index.description ?? "nothing") stood before"
    }
}
