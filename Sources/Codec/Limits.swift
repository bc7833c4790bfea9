/// Every bound on what comes from outside or piles up inside, in one value that tests make tiny.
///
/// Those of `deciding` are a part of what records mean and equal on all nodes: changing one of them
/// needs a new `FeatureLevel`.
package struct Limits: Sendable, Equatable {
    // Log
    /// Raw bytes of one frame's payload.
    package var frameBytes = 4 << 20
    /// Records in one frame.
    package var frameRecords = 4_096
    /// Bytes of one log segment file.
    package var segmentBytes = 64 << 20
    /// Log bytes kept behind the applied index for followers that lag, before they need a snapshot.
    package var retainedLogBytes = 256 << 20

    // Transactions
    /// Bytes of one encoded transaction.
    package var transactionBytes = 2 << 20
    package var operationsPerTransaction = 10_000
    package var expectationsPerTransaction = 10_000
    package var transactionProperties = 64
    package var keyBytes = 4_096
    package var valueBytes = 1 << 20
    /// Outcomes remembered a client session.
    package var outcomesPerSession = 1_024
    /// Bytes of the outcomes remembered a client session, over which it is refused further ones.
    package var outcomeBytesPerSession = 16 << 20
    /// Bytes of the outcomes remembered for all sessions, over which each has an equal share; over
    /// twice of it, none is remembered any more until enough are acknowledged.
    package var outcomeBytesOfSessions = 256 << 20
    package var sessions = 100_000
    package var triggers = 1_024
    /// Bytes of the definitions of all triggers: with how far they are, they are one answer, and every
    /// node has them in memory.
    package var triggerBytes = 8 << 20
    /// Records whose change sets are kept for feeds and triggers.
    package var retainedChangeRecords = 262_144
    /// Bytes of change sets kept; the same on every node, because trimming is part of applying.
    package var retainedChangeBytes = 256 << 20

    /// Records between two checkpoints, at which the sessions are written out and the feed is trimmed.
    ///
    /// A part of what records mean, as those of `deciding` are: no build and no setting has another value,
    /// which is why it is not among them; tests and simulations have.
    package var checkpointRecords = 4_096

    /// Bytes of a row of outcomes or change sets, or of a session, over which another is begun.
    package var rowPartBytes = 1 << 20
    /// Bytes of memory for rows of the stores that the apply thread has read or written, keys and
    /// values of up to a kibibyte each.
    package var cachedRowBytes = 64 << 20

    // Replication
    package var members = 31
    /// Bytes of frames sent to one follower and not answered.
    package var inflightBytesPerPeer = 16 << 20
    /// Append messages sent to one follower and not answered.
    package var inflightAppendsPerPeer = 256
    /// Bytes proposed and not applied, over which new proposals wait or are refused.
    package var pendingProposalBytes = 64 << 20
    /// Frames in one append message.
    package var framesPerMessage = 65_536
    package var snapshotChunkBytes = 1 << 20
    /// Sealed frames kept in memory for followers and the apply thread.
    package var frameCacheBytes = 24 << 20
    /// Frames that a leader seals before the first of them is committed; what arrives meanwhile
    /// waits for the next, so that frames grow with the load.
    package var uncommittedFrames = 3
    /// Linearizable reads of one node that have not been answered.
    package var pendingReads = 100_000
    /// Programs of triggers that run at once; those of further ones wait their turn.
    package var triggerPrograms = 16

    // Network
    package var peerMessageBytes = 24 << 20
    /// Bytes of one message from a client.
    package var clientRequestBytes = 4 << 20
    /// Bytes of one message to a client; the largest outcome and change set fit into one.
    package var clientAnswerBytes = 16 << 20
    package var clientConnections = 10_000
    /// Connections over that bound that are open only to be told so.
    package var refusedConnections = 64
    /// Requests of one connection that have not been answered.
    package var requestsPerConnection = 4_096
    /// Bytes that wait to be written to one connection, over which it is not read any more and no
    /// further answer to a read is made.
    package var connectionOutputBytes = 8 << 20
    /// Bytes kept for all clients' connections, in both directions, over which the one for which most
    /// is kept is closed.
    package var clientBytes = 256 << 20
    package var watchBatchRecords = 1_024

    package init() {}

    package static let standard = Limits()
}
