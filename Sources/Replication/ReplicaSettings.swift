package import Codec
package import Identifiers
package import Raft
import WAL

/// What one replica is told at its start.
package struct ReplicaSettings: Sendable {
    package var node: NodeID
    package var cluster: ClusterID
    package var dataDirectory: String
    package var limits = Limits.standard
    package var raft = Raft.Settings()
    /// How long the disk may leave a write waiting before leadership moves away.
    package var diskHangMilliseconds: UInt64 = 1_000
    /// How long a node that does not lead, and on which no read waits, gathers what is committed
    /// before it applies it.
    package var applyDelayMilliseconds: UInt64 = 25
    /// Records that it gathers at the most.
    package var applyGatheredRecords = 1_024
    /// Log bytes applied since the last flush of the engine, over which it is flushed.
    package var flushBytes = 64 << 20
    /// Records applied since the last flush, over which it is flushed: what a restart may have to
    /// apply again.
    package var flushRecords = 32_768
    /// Time after which the engine is flushed, however little has come.
    package var flushMilliseconds: UInt64 = 60_000
    /// How long a member whose data directory was replaced keeps it at the least, before another one
    /// may take its place.
    package var replacementPauseMilliseconds: UInt64 = 10_000
    /// Bytes of log that the scrub reads a second; 0 turns it off.
    package var scrubBytesPerSecond = 4 << 20

    package init(node: NodeID, cluster: ClusterID, dataDirectory: String) {
        self.node = node
        self.cluster = cluster
        self.dataDirectory = dataDirectory
    }
}
