/// Why a call failed, whether it may have taken effect, and what to do.
public enum LockstepError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The transaction or read was undone by the cluster.
    case aborted(TransactionAbort)
    /// It was sent, and its fate cannot be learned any more.
    case outcomeUnknown(String)
    /// The cluster no longer knows transactions of this client's session that it had acknowledged, as
    /// after a restore of older data; `mayHaveExecuted` tells whether this one may be in force.
    ///
    /// What the client sends next goes into a new session.
    case sessionLost(acknowledgedThrough: UInt64, mayHaveExecuted: Bool)
    /// The time for the call ran out; `mayHaveExecuted` tells whether it had been sent.
    case timedOut(lastFailure: String, mayHaveExecuted: Bool)
    /// The calling task was cancelled.
    case cancelled(mayHaveExecuted: Bool)
    /// A node that was asked for by name could not be reached, or the connection to it broke.
    case unreachable(Endpoint, String)
    /// The node that was asked for by name cannot do it now, and has done nothing; ask again later.
    case unavailable(String)
    /// The cluster refuses it: for now where the reason is `busy`, else for good.
    case refused(RefusalReason, String)
    /// Over a limit; split it.
    case tooLarge(String)
    /// The call makes no sense as it is; nothing was sent.
    case invalidArgument(String)
    /// A property transaction or one of its entries was used against the rules; nothing was sent.
    case misuse(PropertyMisuse, String)
    /// The change sets that a watch wants next are gone; read the state anew, then watch from there.
    case historyLost(firstRetained: UInt64)
    /// The other end broke the protocol.
    case protocolViolation(String)
    /// The client was closed.
    case closed(mayHaveExecuted: Bool)

    /// Whether the call may have taken effect although it failed.
    public var mayHaveExecuted: Bool {
        switch self {
        case .outcomeUnknown, .protocolViolation: true
        case .sessionLost(_, let maybe), .timedOut(_, let maybe), .cancelled(let maybe),
            .closed(let maybe):
            maybe
        case .aborted, .unreachable, .unavailable, .refused, .tooLarge, .invalidArgument, .misuse,
            .historyLost:
            false
        }
    }

    public var description: String {
        switch self {
        case .aborted(let abort):
            "aborted: \(abort)"
        case .outcomeUnknown(let reason):
            "outcome unknown: \(reason); read the state to learn what became of it"
        case .sessionLost(let through, let maybe):
            "the cluster has lost transactions of this session that it had acknowledged (through "
                + "sequence \(through)), \(Self.fate(maybe)); read the state before going on"
        case .timedOut(let failure, let maybe):
            "timed out, \(Self.fate(maybe)): \(failure)"
        case .cancelled(let maybe):
            "cancelled by the caller, \(Self.fate(maybe))"
        case .unreachable(let endpoint, let reason):
            "cannot reach \(endpoint): \(reason); check that the node runs and the address is right"
        case .unavailable(let text):
            text
        case .refused(_, let text):
            "refused: \(text)"
        case .tooLarge(let text):
            "too large: \(text)"
        case .invalidArgument(let text):
            "invalid argument: \(text)"
        case .misuse(_, let text):
            text
        case .historyLost(let first):
            "changes before index \(first) are not retained any more; read the state, then watch on"
        case .protocolViolation(let text):
            "protocol violation: \(text); check that client and node are of fitting versions"
        case .closed(let maybe):
            "the client is closed, \(Self.fate(maybe))"
        }
    }

    private static func fate(_ mayHaveExecuted: Bool) -> String {
        mayHaveExecuted ? "outcome unknown" : "nothing was executed"
    }
}

/// Which rule of property transactions a call broke, as libscf tells them apart.
public enum PropertyMisuse: String, Hashable, Sendable, CaseIterable {
    case notSet
    case inUse
    case exists
    case notFound
    case typeMismatch
    case invalidArgument
}

/// Why the cluster refuses a call.
public enum RefusalReason: String, Hashable, Sendable, CaseIterable {
    case invalidArgument
    case notFound
    case exists
    case wrongState
    /// For now; ask again later: no node has had room for the read, or there is none for a session, or a
    /// change of the membership or of the leader is under way.
    case busy
}
