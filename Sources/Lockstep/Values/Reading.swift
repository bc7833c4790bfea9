import Identifiers
import Wire

/// How old the state may be that a read is answered from.
public enum ReadConsistency: Hashable, Sendable {
    /// Sees everything that anybody was told before the read began.
    case linearizable
    /// The state of a node that heard of the leader's commits within this time.
    case stale(maximalLag: Duration)
    /// The state of whichever node is connected.
    case local

    var wire: Wire.ReadConsistency {
        switch self {
        case .linearizable: .linearizable
        case .stale(let lag): .stale(maximalLagMilliseconds: lag.wholeMilliseconds)
        case .local: .local
        }
    }
}

/// What a store answered.
public struct ReadResult: Hashable, Sendable {
    /// The index of the state that the answer is from.
    public let appliedIndex: UInt64
    /// In the encoding of the store.
    public let bytes: [UInt8]

    public init(appliedIndex: UInt64, bytes: [UInt8]) {
        self.appliedIndex = appliedIndex
        self.bytes = bytes
    }
}

/// Where a watch begins.
public enum WatchStart: Hashable, Sendable {
    /// With the next transaction.
    case now
    /// With the transaction at this index, if it is still retained.
    case index(UInt64)

    var wire: WatchRequest.Start {
        switch self {
        case .now: .now
        case .index(let index): .from(LogIndex(index))
        }
    }
}
