import Client
import IOCore
import Identifiers
package import Transactions
import Wire

// From the wire's types to the public ones; both have the same cases, so nothing can be lost.

extension Address {
    init(_ endpoint: Endpoint) {
        let host = endpoint.host == "localhost" ? "127.0.0.1" : endpoint.host
        self.init(host: host, port: endpoint.port)
    }
}

extension LockstepError {
    /// `endpoint` is the node that was asked for by name, in the caller's spelling.
    init(_ failure: CallFailure, at endpoint: Endpoint? = nil) {
        switch failure {
        case .outcomeUnknown(let reason):
            self = .outcomeUnknown(reason)
        case .sessionLost(let through, let maybe):
            self = .sessionLost(acknowledgedThrough: through.rawValue, mayHaveExecuted: maybe)
        case .timedOut(let failure, let maybe):
            self = .timedOut(lastFailure: failure, mayHaveExecuted: maybe)
        case .cancelled(let maybe):
            self = .cancelled(mayHaveExecuted: maybe)
        case .unreachable(let address, let reason):
            self = .unreachable(
                endpoint ?? Endpoint(host: address.host, port: address.port), reason)
        case .unavailable(let text):
            self = .unavailable(text)
        case .refused(let code, let text):
            self = .refused(RefusalReason(code), text)
        case .tooLarge(let text):
            self = .tooLarge(text)
        case .historyLost(let first):
            self = .historyLost(firstRetained: first.rawValue)
        case .protocolViolation(let text):
            self = .protocolViolation(text)
        case .closed(let maybe):
            self = .closed(mayHaveExecuted: maybe)
        }
    }
}

extension RefusalReason {
    init(_ code: RefusalCode) {
        self =
            switch code {
            case .invalidArgument: .invalidArgument
            case .notFound: .notFound
            case .exists: .exists
            case .wrongState: .wrongState
            case .busy: .busy
            }
    }
}

extension AbortReason {
    package init(_ code: AbortCode) {
        self =
            switch code {
            case .requested: .requested
            case .malformed: .malformed
            case .notFound: .notFound
            case .exists: .exists
            case .typeMismatch: .typeMismatch
            case .invalidArgument: .invalidArgument
            case .outOfDate: .outOfDate
            case .deleted: .deleted
            case .constraintViolated: .constraintViolated
            case .expectationFailed: .expectationFailed
            case .vetoed: .vetoed
            case .limitExceeded: .limitExceeded
            case .unknownStore: .unknownStore
            case .sessionUnknown: .sessionUnknown
            case .sequenceGap: .sequenceGap
            case .outcomeForgotten: .outcomeForgotten
            case .permissionDenied: .permissionDenied
            case .contentMissing: .contentMissing
            case .sessionFull: .sessionFull
            }
    }
}

extension StoreKind {
    var identifier: StoreID {
        switch self {
        case .properties: .properties
        case .revisions: .revisions
        case .snapshots: .snapshots
        case .spaces: .spaces
        case .triggers: .triggers
        }
    }

    init?(_ identifier: StoreID) {
        guard let kind = Self.allCases.first(where: { $0.identifier == identifier }) else {
            return nil
        }
        self = kind
    }
}

extension TransactionAbort {
    init(_ abort: Abort, index: LogIndex) {
        self.init(
            index: index.rawValue, step: abort.step, code: AbortReason(abort.code),
            message: abort.message)
    }
}

extension ChangeSet {
    init(_ set: Transactions.ChangeSet) {
        self.init(
            index: set.index.rawValue, timeMilliseconds: set.timeMilliseconds,
            properties: set.properties.map { TransactionProperty(name: $0.name, value: $0.value) },
            changes: set.changes.map {
                Change(
                    step: Int($0.step), store: StoreKind($0.store), key: $0.key, old: $0.old,
                    new: $0.new)
            },
            abort: set.abort.map { TransactionAbort($0, index: set.index) })
    }
}

extension NodeStatus {
    init(_ status: Wire.NodeStatus) {
        self.init(
            node: status.node.rawValue, cluster: status.cluster.map { "\($0)" },
            incarnation: status.incarnation.rawValue, role: NodeRole(status.role),
            term: status.term.rawValue, leader: status.leader?.rawValue,
            leaderClientAddress: status.leaderClientAddress, version: status.version,
            featureLevel: status.featureLevel, commitIndex: status.commitIndex.rawValue,
            appliedIndex: status.appliedIndex.rawValue,
            durableIndex: status.durableIndex.rawValue,
            firstLogIndex: status.firstLogIndex.rawValue,
            lastLogIndex: status.lastLogIndex.rawValue, logBytes: status.logBytes,
            appendedBytes: status.appendedBytes,
            rawBytes: status.rawBytes, storedBytes: status.storedBytes,
            sessions: status.sessions, connections: status.connections,
            engineBytes: status.engineBytes, memoryBytes: status.memoryBytes,
            uptime: .milliseconds(Int64(clamping: status.uptimeMilliseconds)),
            triggers: status.triggers.map {
                TriggerStatus(
                    name: $0.name, deliveredThrough: $0.deliveredThrough.rawValue,
                    lagRecords: $0.lagRecords, state: TriggerState($0.state))
            },
            damage: status.damage.map {
                DamageStatus(
                    first: $0.first.rawValue, last: $0.last.rawValue, place: $0.place)
            },
            members: status.members.map(MemberStatus.init), notice: status.notice)
    }
}

extension TriggerState {
    init(_ state: Wire.TriggerState) {
        self =
            switch state {
            case .running: .running
            case .failing(let reason): .failing(reason)
            case .suspended(let reason): .suspended(reason)
            case .unknown(let number, let reason): .unknown(number, reason)
            }
    }
}

extension NodeRole {
    init(_ role: Wire.NodeRole) {
        self =
            switch role {
            case .follower: .follower
            case .candidate: .candidate
            case .leader: .leader
            case .learner: .learner
            case .outsider: .outsider
            case .removed: .removed
            case .repairing: .repairing
            case .unknown(let number): .unknown(number)
            }
    }
}

extension MemberStatus {
    init(_ status: Wire.MemberStatus) {
        let role: MemberRole =
            switch status.role {
            case .voter: .voter
            case .outgoing: .outgoing
            case .learner: .learner
            case .rejoining: .rejoining
            case .unknown(let number): .unknown(number)
            }
        self.init(
            node: status.node.rawValue, incarnation: status.incarnation?.rawValue,
            peerAddress: status.peerAddress, clientAddress: status.clientAddress, role: role,
            matchIndex: status.matchIndex.rawValue, lagRecords: status.lagRecords,
            lastHeard: status.lastHeardMilliseconds.map { .milliseconds(Int64(clamping: $0)) })
    }
}
