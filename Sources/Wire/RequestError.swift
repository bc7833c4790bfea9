package import Identifiers

/// Why a request was not served; final for that request.
///
/// | code | error | fields |
/// |--:|---|---|
/// | 1 | not the leader | leader's node varint (0 unknown), client address text (empty unknown) |
/// | 2 | unavailable | reason text, retry after in ms varint (0: no room beside the reads under way) |
/// | 3 | interrupted | reason text |
/// | 4 | refused | `RefusalCode` u8, text |
/// | 5 | too large | text, size varint, limit varint |
/// | 6 | session expired | session varint |
/// | 7 | protocol violation | text; the connection closes after it |
package enum RequestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nothing was executed; ask the leader.
    case notLeader(node: NodeID?, clientAddress: String)
    /// Nothing was executed; ask again later, here or elsewhere.
    ///
    /// One to be asked again at once is told with 1 ms.
    case unavailable(reason: String, retryAfterMilliseconds: UInt64)
    /// Nothing was executed; ask the same node again when other reads have been answered.
    case noRoom(reason: String)
    /// It may be executed or not: leadership ended while it was under way. Ask again with the same
    /// session and sequence number.
    case interrupted(reason: String)
    /// Nothing was executed, and asking again does not help.
    case refused(RefusalCode, String)
    /// Nothing was executed.
    case tooLarge(what: String, size: UInt64, limit: UInt64)
    /// Nothing was executed by this request; what became of earlier tries is unknown.
    case sessionExpired(SessionID)
    case protocolViolation(String)

    package var description: String {
        switch self {
        case .notLeader(let node, let address):
            if let node {
                "this node does not lead; node \(node) at \(address) does"
            } else {
                "this node does not lead, and knows no leader; ask again after an election"
            }
        case .unavailable(let reason, let milliseconds):
            "unavailable: \(reason); ask again in \(milliseconds) ms"
        case .noRoom(let reason):
            "no room for another read: \(reason)"
        case .interrupted(let reason):
            "interrupted, outcome unknown: \(reason); ask again with the same sequence number"
        case .refused(_, let text):
            "refused: \(text)"
        case .tooLarge(let what, let size, let limit):
            "\(what) is \(size), over the limit of \(limit); split it"
        case .sessionExpired(let session):
            "session \(session) has expired, outcome of earlier tries unknown; open a new one"
        case .protocolViolation(let text):
            "protocol violation: \(text); the connection closes"
        }
    }
}

/// Why a request was refused for good; 5 and 7 to 9 are reserved.
///
/// | code | refusal |
/// |--:|---|
/// | 1 | invalid argument |
/// | 2 | not found |
/// | 3 | exists |
/// | 4 | wrong state: the state of the node or the cluster forbids it, such as to remove the last voter |
/// | 6 | busy: a membership change or transfer is under way, or there are too many sessions |
package enum RefusalCode: UInt8, Sendable, CaseIterable {
    case invalidArgument = 1
    case notFound = 2
    case exists = 3
    /// The state of the cluster forbids it, such as removing the last voter.
    case wrongState = 4
    /// A membership change or transfer is under way, or there are as many sessions as there may be.
    case busy = 6
}
