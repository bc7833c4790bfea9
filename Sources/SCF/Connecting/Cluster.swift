package import Client
package import IOCore
package import Identifiers
package import Properties
package import Transactions

/// The way of one bound handle to the cluster; one call at a time, each waits for its answer.
package protocol Cluster: AnyObject {
    /// What tells the cluster from others; nil where it is not known.
    var identity: ClusterID? { get }
    /// Makes `node` the one that is asked first from now on, as long as it answers in time.
    func prefer(_ node: Address)
    /// Asks the properties, linearizably.
    func read(_ query: PropertyQuery) throws(CallFailure) -> ReadAnswer
    /// Submits one operation, which is carried out at most once.
    func submit(_ operation: PropertyOperation) throws(CallFailure) -> Outcome
    /// Follows what changes from `start` on under keys that begin with one of the prefixes, or all.
    ///
    /// It goes on by itself, whatever becomes of this way.
    func watch(
        _ keyPrefixes: [String], from start: LogIndex
    ) throws(CallFailure) -> any ClusterWatch
    /// Lets go of the connection.
    func close()
}

/// What the properties answer to a query.
package enum ReadAnswer: Sendable {
    /// `applied` is the index of the last record that the answer knows of.
    case found(applied: LogIndex, [UInt8])
    case aborted(applied: LogIndex, AbortCode)
}

/// A watch on the cluster; one thread at a time waits for what comes.
package protocol ClusterWatch: AnyObject, Sendable {
    /// The time by which `next` measures.
    var now: MonotonicTime { get }
    /// Waits for the next changes, until `deadline` at most, or for ever.
    func next(until deadline: MonotonicTime?) throws(CallFailure) -> WatchAnswer
    /// Ends the wait of another thread, and all later ones.
    func end()
    /// Lets go of the connection; nobody waits any more.
    func close()
}

/// What a wait for changes has come to.
package enum WatchAnswer: Sendable {
    /// One or more transactions, in order.
    case changes([ChangeSet])
    /// Its time is over.
    case quiet
    /// `end` was called.
    case ended
}
