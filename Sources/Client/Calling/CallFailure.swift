package import IOCore
package import Identifiers
package import Wire

/// Why a call or a watch has failed, as the loop knows it; `mayHaveExecuted` where that is not plain.
package enum CallFailure: Error, Equatable, Sendable {
    /// It was sent, and its fate cannot be learned any more.
    case outcomeUnknown(String)
    /// The cluster has lost transactions of the session that it had acknowledged.
    case sessionLost(acknowledgedThrough: SequenceNumber, mayHaveExecuted: Bool)
    /// The time for the call ran out.
    case timedOut(lastFailure: String, mayHaveExecuted: Bool)
    /// The caller does not want it any more.
    case cancelled(mayHaveExecuted: Bool)
    /// A node that was asked for by name could not be reached, or the connection to it broke; nothing was
    /// executed.
    case unreachable(Address, String)
    /// The node that was asked for by name, or this process, cannot do it now; nothing was executed.
    case unavailable(String)
    /// The cluster refuses it: for now where the code is `busy`, else for good.
    case refused(RefusalCode, String)
    /// Over a limit.
    case tooLarge(String)
    /// The change sets that a watch wants next are not retained any more.
    case historyLost(firstRetained: LogIndex)
    /// The other end broke the protocol.
    case protocolViolation(String)
    /// The client was closed.
    case closed(mayHaveExecuted: Bool)

    /// Whether what was to be carried out may be, now or later, although the call has failed.
    ///
    /// What only asks leaves nothing behind, whatever this says.
    package var mayHaveExecuted: Bool {
        switch self {
        case .outcomeUnknown, .protocolViolation: true
        case .sessionLost(_, let maybe), .timedOut(_, let maybe), .cancelled(let maybe),
            .closed(let maybe):
            maybe
        case .unreachable, .unavailable, .refused, .tooLarge, .historyLost: false
        }
    }

    package init(_ error: RequestError) {
        switch error {
        case .refused(let code, let text):
            self = .refused(code, text)
        case .tooLarge:
            self = .tooLarge("\(error)")
        case .protocolViolation(let text):
            self = .protocolViolation(text)
        case .notLeader, .unavailable, .noRoom:
            self = .unavailable("\(error)")
        case .interrupted, .sessionExpired:
            self = .outcomeUnknown("\(error)")
        }
    }
}
