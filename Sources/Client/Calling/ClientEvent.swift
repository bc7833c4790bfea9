package import IOCore
package import Identifiers

/// What an owner may want to log of a client; nothing has to be done about it.
package enum ClientEvent: Sendable {
    case connectionEnded(Address, reason: String)
    /// The cluster does not know the session any more; the client goes on with a new one.
    case sessionLost(SessionID)
    /// The cluster misses transactions of the session that it had acknowledged.
    case acknowledgedLost(SessionID, reason: String)
}
