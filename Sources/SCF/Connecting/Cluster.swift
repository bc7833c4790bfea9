package import Client
package import Properties
package import Transactions

/// The way of one bound handle to the cluster; one call at a time, each waits for its answer.
package protocol Cluster: AnyObject {
    /// Asks the properties, linearizably.
    func read(_ query: PropertyQuery) throws(CallFailure) -> ReadAnswer
    /// Submits one operation, which is carried out at most once.
    func submit(_ operation: PropertyOperation) throws(CallFailure) -> Outcome
    /// Lets go of the connection.
    func close()
}

/// What the properties answer to a query.
package enum ReadAnswer: Sendable {
    case found([UInt8])
    case aborted(AbortCode)
}
