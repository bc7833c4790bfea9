package import KeyValue
package import WAL

/// What stops a node: it cannot go on without risking what it has promised.
package enum ReplicationFailure: Error, CustomStringConvertible {
    case log(WALFailure)
    case engine(EngineFailure)
    /// The committed log says something that this node cannot follow.
    case corruptFrame(String)
    /// The engine and the log do not belong together.
    case inconsistent(String)

    package var description: String {
        switch self {
        case .log(let failure):
            "the log failed, so this node stops: \(failure)"
        case .engine(let failure):
            "the store engine failed, so this node stops: \(failure)"
        case .corruptFrame(let what):
            "a committed frame cannot be applied, so this node stops: \(what)"
        case .inconsistent(let what):
            "the engine and the log disagree, so this node stops: \(what)"
        }
    }
}

/// Why a request to the replica was not served; nothing was executed unless the case says otherwise.
package enum RequestRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// Ask this node; nil while nobody is known to lead.
    case notLeader(LeaderHint?)
    case unavailable(String)
    /// As many reads are under way as may be.
    case noRoom(String)
    /// The record may have been committed or not; the same session and sequence tells.
    case outcomeUnknown
    /// Nothing helps but another request.
    case refused(RefusalKind, String)

    package var description: String {
        switch self {
        case .notLeader(nil): "no leader is known; try again in a moment"
        case .notLeader(let hint?): "node \(hint.node) at \(hint.clientAddress) leads; ask it"
        case .unavailable(let reason), .noRoom(let reason): reason
        case .outcomeUnknown:
            "leadership was lost before the outcome was known; send the same request again"
        case .refused(_, let reason): reason
        }
    }
}

/// What kind of thing is wrong with a request that was refused.
package enum RefusalKind: Hashable, Sendable {
    case invalidArgument
    /// It names something that is not there.
    case notFound
    /// What it would make is there.
    case exists
    /// The state of the cluster forbids it.
    case wrongState
    /// Another change of membership or transfer is under way.
    case busy
}
