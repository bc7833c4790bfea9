import Identifiers
import Raft

/// One node of a simulated cluster: the core while it runs, and its disk.
struct ClusterNode {
    let identifier: NodeID
    var core: ConsensusCore?
    var disk: Disk
    var deadline: MonotonicTime?
    /// The log as the core's effects have made it, on disk or not.
    var log: [FrameDescriptor] = []
    /// Messages that wait for a write.
    var held: [(after: WriteID, to: NodeID, message: Message)] = []
    var durable = WriteID.zero
    /// What a slow disk does not do: complete a write before it is released.
    var isDiskHeld = false
    var isFlushScheduled = false
    /// Counts the starts; completions of an earlier one are dropped.
    var incarnation = 0
    var sending: [NodeID: PinnedSnapshot] = [:]
    var receiving: Receiving?
    var readResults: [UInt64: ReadResult] = [:]
    var refusals: [Refusal] = []
    var violations: [String] = []

    struct PinnedSnapshot {
        let position: LogPosition
        let membership: Membership
        let history: [FrameDescriptor]
    }

    struct Receiving {
        let position: LogPosition
        var nextChunk: UInt64
        /// Set once all chunks are here: installed when the disk is idle.
        var complete: PinnedSnapshot?
    }

    enum ReadResult: Equatable {
        case ready(LogIndex)
        case failed(Refusal)
    }

    init(_ identifier: NodeID, _ membership: Membership) {
        self.identifier = identifier
        disk = Disk(membership)
    }

    var isUp: Bool {
        core != nil
    }

    /// The whole log since its beginning: what was applied, then what is behind it.
    var history: [FrameDescriptor] {
        disk.applied + log.filter { $0.firstIndex > disk.appliedPosition.index }
    }
}
