import Identifiers

/// A host of the run's network: 0 is the harness with its clients, the others are nodes.
package typealias Host = Int

/// One direction between two hosts.
package struct Link: Hashable, Sendable {
    package let from: Host
    package let to: Host

    package init(from: Host, to: Host) {
        self.from = from
        self.to = to
    }
}

/// What becomes of the packets of one link.
package struct LinkCondition: Equatable, Sendable {
    package var isCut = false
    /// Of a thousand packets, how many are lost.
    package var lossPermille = 0
    /// Of a thousand packets, how many come twice.
    package var duplicationPermille = 0
    package var delayMilliseconds = 0
    /// The most that is added to the delay, another part of it for each packet.
    package var jitterMilliseconds = 0
    /// Whether a packet may overtake one before it.
    package var mayReorder = false

    package init() {}

    package static let cut: LinkCondition = {
        var condition = LinkCondition()
        condition.isCut = true
        return condition
    }()

    /// Both at once: delays add up, of the chances the greater counts.
    package func combined(with other: LinkCondition) -> LinkCondition {
        var both = self
        both.isCut = isCut || other.isCut
        both.lossPermille = max(lossPermille, other.lossPermille)
        both.duplicationPermille = max(duplicationPermille, other.duplicationPermille)
        both.delayMilliseconds += other.delayMilliseconds
        both.jitterMilliseconds += other.jitterMilliseconds
        both.mayReorder = mayReorder || other.mayReorder
        return both
    }
}

/// Which links are in what condition, and what that means for each packet; a value that knows
/// neither clock nor sockets.
package struct LinkTable: Sendable {
    /// What was done to packets so far.
    package struct Counts: Equatable, Sendable {
        package var passed = 0
        package var dropped = 0
        package var delayed = 0
        package var duplicated = 0
    }

    private var layers: [Int: [Link: LinkCondition]] = [:]
    private var conditions: [Link: LinkCondition] = [:]
    /// When the last packet of a link comes out, so that the next one does not overtake it.
    private var lastDue: [Link: UInt64] = [:]
    private var generator: SeededGenerator
    package private(set) var counts = Counts()

    package init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    /// Lays the conditions of one fault over those of the others.
    package mutating func apply(_ layer: [Link: LinkCondition], fault: Int) {
        layers[fault] = layer
        combine()
    }

    /// Takes them away.
    package mutating func heal(fault: Int) {
        layers[fault] = nil
        combine()
    }

    private mutating func combine() {
        conditions = [:]
        for layer in layers.values {
            conditions.merge(layer) { $0.combined(with: $1) }
        }
        lastDue = lastDue.filter { conditions[$0.key] != nil }
    }

    /// When a packet that came at `now` comes out, in the same milliseconds; once for each copy, and
    /// not at all if it is lost.
    package mutating func route(_ link: Link, now: UInt64) -> [UInt64] {
        guard let condition = conditions[link] else {
            counts.passed += 1
            return [now]
        }
        guard !condition.isCut, !generator.chance(condition.lossPermille, in: 1_000) else {
            counts.dropped += 1
            return []
        }
        var due = now + UInt64(condition.delayMilliseconds)
        if condition.jitterMilliseconds > 0 {
            due += UInt64.random(in: 0...UInt64(condition.jitterMilliseconds), using: &generator)
        }
        if !condition.mayReorder {
            due = max(due, lastDue[link] ?? 0)
            lastDue[link] = due
        }
        counts.passed += 1
        if due > now { counts.delayed += 1 }
        guard generator.chance(condition.duplicationPermille, in: 1_000) else { return [due] }
        counts.duplicated += 1
        return [due, due]
    }
}
