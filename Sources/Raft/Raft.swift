package import Identifiers

/// The consensus core: a value that turns inputs into effects.
package struct Raft: Sendable {
    package let identifier: NodeID

    package init(identifier: NodeID, settings: Settings, recovered: RecoveredState, now: MonotonicTime) {
        self.identifier = identifier
    }
}
