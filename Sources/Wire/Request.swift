package import Identifiers
package import Transactions

/// What a client may ask of a node.
///
/// Kinds and bodies; "text" and "bytes" are a varint length and then the bytes:
///
/// | kind | request | body |
/// |--:|---|---|
/// | 0x01 | open session | time to live in ms varint, description text |
/// | 0x02 | submit | session varint, sequence varint, acknowledged through varint, changes wanted u8 (0 or 1), encoded transaction bytes |
/// | 0x03 | keep alive | session varint |
/// | 0x04 | close session | session varint |
/// | 0x05 | read | store u8, kind u8, consistency u8 (0 linearizable, 1 stale, 2 local), maximal lag in ms varint (0 unless stale), body bytes |
/// | 0x06 | watch | start u8 (0 behind what the node has applied, 1 from an index), index varint (0 unless from), include aborted u8 (0 or 1), credit varint, count varint and that many store u8, count varint and that many key prefix texts |
/// | 0x07 | watch credit | change sets varint; the request id is the watch's |
/// | 0x08 | watch cancel | empty; the request id is the watch's |
/// | 0x09 | status | empty |
/// | 0x0A | state digest | at u8 (0 now, 1 index), index varint (0 if now) |
/// | 0x10 | member add | node varint, peer address text, client address text |
/// | 0x11 | member remove | node varint |
/// | 0x12 | member promote | node varint |
/// | 0x13 | transfer | node varint, 0 for the best one; answered when another node leads, or has not come to in time |
/// | 0x14 | snapshot | empty |
/// | 0x15 | verify | empty |
/// | 0x16 | log frames | first index wanted varint, most frames varint |
package enum Request: Hashable, Sendable {
    /// Answered by `sessionOpened`.
    case openSession(timeToLiveMilliseconds: UInt64, description: String)
    /// Answered by `outcome`.
    case submit(Submission)
    /// Answered by `done`; reaches the log only now and then.
    case keepAlive(SessionID)
    /// Answered by `done`.
    case closeSession(SessionID)
    /// Answered by `readResult`, or `readAborted`.
    case read(ReadRequest)
    /// Answered by `watchStarted`, any number of `changeSets`, and `watchEnded`.
    case watch(WatchRequest)
    /// Lets the watch with this request id send that many change sets more; not answered.
    case watchCredit(changeSets: UInt32)
    /// Ends the watch with this request id, which then answers `watchEnded`.
    case watchCancel
    /// Answered by `status`, by any node about itself.
    case status
    /// Answered by `digest`: of this node's state as of an index where a mark is known, or as of a
    /// mark that is put into the log now (leader only).
    case stateDigest(at: LogIndex?)
    /// Adds a learner. Answered by `done`, as are the other changes of membership.
    case memberAdd(NodeID, peerAddress: String, clientAddress: String)
    case memberRemove(NodeID)
    /// Makes a learner a voter.
    case memberPromote(NodeID)
    /// Moves leadership, to the most advanced voter if no name is given. Answered by `done`.
    case transfer(to: NodeID?)
    /// Flushes the engine and compacts the log now, on this node. Answered by `snapshotTaken`.
    case snapshot
    /// Reads all log segments of this node and checks them. Answered by `verified`.
    case verify
    /// Lists frames of this node's log from the one with this record on, up to so many and to
    /// `LogPage.mostFrames`. Answered by `logFrames`.
    case logFrames(from: LogIndex, count: UInt32)
}

/// One transaction and its place in its session.
package struct Submission: Hashable, Sendable {
    package var origin: Origin
    package var wantsChanges: Bool
    /// A `Transaction` in the encoding of `Transactions`; not looked into here.
    package var transaction: [UInt8]

    package init(origin: Origin, wantsChanges: Bool, transaction: [UInt8]) {
        self.origin = origin
        self.wantsChanges = wantsChanges
        self.transaction = transaction
    }
}

/// A read of one store, in that store's own encoding.
package struct ReadRequest: Hashable, Sendable {
    package var store: StoreID
    package var kind: UInt8
    package var body: [UInt8]
    package var consistency: ReadConsistency

    package init(store: StoreID, kind: UInt8, body: [UInt8], consistency: ReadConsistency) {
        self.store = store
        self.kind = kind
        self.body = body
        self.consistency = consistency
    }
}

/// How old the state may be that a read is answered from.
package enum ReadConsistency: Hashable, Sendable {
    /// Sees everything that was answered before the read began, on whichever node.
    case linearizable
    /// This node's state, if it heard of the leader's commits within this time.
    case stale(maximalLagMilliseconds: UInt64)
    /// This node's state, whatever it is.
    case local
}

/// Which change sets a client wants to see.
package struct WatchRequest: Hashable, Sendable {
    /// Where a watch begins.
    package enum Start: Hashable, Sendable {
        /// Behind what this node has applied.
        case now
        /// At this index (included), which must still be retained.
        case from(LogIndex)
    }

    package static let mostStores = 16
    package static let mostKeyPrefixes = 256

    package var start: Start
    /// Empty: all stores.
    package var stores: [StoreID]
    /// A change is wanted if its key begins with one of these; empty: all keys.
    package var keyPrefixes: [String]
    package var includesAborted: Bool
    /// Change sets that may be sent before the first `watchCredit`.
    package var credit: UInt32

    package init(
        start: Start, stores: [StoreID] = [], keyPrefixes: [String] = [],
        includesAborted: Bool = false, credit: UInt32
    ) {
        self.start = start
        self.stores = stores
        self.keyPrefixes = keyPrefixes
        self.includesAborted = includesAborted
        self.credit = credit
    }

    /// Whether `change` passes the filter.
    package func wants(_ change: Change) -> Bool {
        guard stores.isEmpty || stores.contains(change.store) else { return false }
        return keyPrefixes.isEmpty || keyPrefixes.contains { change.key.utf8.starts(with: $0.utf8) }
    }

    /// What is left of `set` behind the filter; nil if nothing is.
    package func filtered(_ set: ChangeSet) -> ChangeSet? {
        if set.abort != nil { return includesAborted ? set : nil }
        if stores.isEmpty, keyPrefixes.isEmpty { return set.changes.isEmpty ? nil : set }
        let changes = set.changes.filter(wants)
        guard !changes.isEmpty else { return nil }
        return ChangeSet(
            index: set.index, timeMilliseconds: set.timeMilliseconds, properties: set.properties,
            changes: changes, abort: nil)
    }
}
