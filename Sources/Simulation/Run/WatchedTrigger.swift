import Identifiers
import KeyValue
import Node
import Raft
import Replication
import Transactions
import Triggers

/// A trigger of a run, the operator who looks after it, and who holds its program's runs to what has
/// happened.
final class WatchedTrigger {
    /// How far a leader's state had come when it was looked at.
    private struct LookedAt: Equatable {
        let start: Int
        let term: Term
        let applied: LogIndex
    }

    let definition: TriggerDefinition
    let deliveries: DeliveryChecker
    /// What each host that leads had applied when its state was asked for the trigger last.
    private var looked: [UInt64: LookedAt] = [:]

    /// `ending` is how transactions end that set it off.
    init(_ definition: TriggerDefinition, ending: String) {
        self.definition = definition
        deliveries = DeliveryChecker(ending: ending)
    }

    /// One that every write of a client sets off.
    static func audit() -> WatchedTrigger {
        WatchedTrigger(
            TriggerDefinition(
                name: "audit", kind: .postCommit, stores: [.properties], program: "audit"),
            ending: "committed")
    }

    /// One that every abort sets off.
    static func undone() -> WatchedTrigger {
        WatchedTrigger(
            TriggerDefinition(name: "undone", kind: .onRollback, program: "undone"),
            ending: "aborted")
    }

    /// What a host's state says of it.
    func registered(on host: SimulatedHost) -> RegisteredTrigger? {
        guard let engine = host.replica?.presentEngine,
            let triggers = try? TriggerStore.list(in: engine)
        else { return nil }
        return triggers.first { $0.definition.name == definition.name }
    }

    /// Adds it, unless nobody leads; what is behind its record sets it off.
    func add(to cluster: SimulatedCluster) {
        cluster.propose(TriggerStore.add(definition)) { [deliveries] outcome in
            guard case .committed(let index)? = try? OutcomeHeader.peek(outcome) else { return }
            deliveries.since = index
        }
    }

    /// Resumes it where it is suspended, as an operator does, if changes are retained from `newestRetained`
    /// on everywhere; what is wrong with that, if anything is.
    func resume(in cluster: SimulatedCluster, newestRetained: LogIndex) -> String? {
        guard let host = cluster.leader, let present = registered(on: host),
            let reason = present.suspension
        else { return nil }
        guard present.deliveredThrough.next < newestRetained else {
            return "the trigger \(definition.name) is suspended, and nothing is trimmed: \(reason)"
        }
        cluster.propose(TriggerStore.resume(definition.name)) { _ in }
        return nil
    }

    /// Tells who checks the deliveries of each state of a leader that may leave some of them out.
    func look(
        at host: SimulatedHost, _ report: ReplicaInspection, firstRetained: () -> LogIndex?
    ) {
        guard report.role == .leader else { return }
        let present = LookedAt(
            start: host.starts, term: report.term, applied: report.position.index)
        guard looked[host.number] != present, let state = registered(on: host),
            let first = firstRetained()
        else { return }
        // Only now: a state that could not be read is looked at again at the next turn.
        looked[host.number] = present
        deliveries.leads(
            term: report.term, deliveredThrough: state.deliveredThrough,
            isSuspended: state.suspension != nil, gapAcceptedThrough: state.gapAcceptedThrough,
            firstRetained: first,
            runnerThrough: host.process?.daemon.deliveredThrough(by: definition.name))
    }
}

extension SimulatedCluster {
    /// Proposes a transaction of this one operation at whoever leads, if anybody does.
    func propose(_ operation: Operation, done: @escaping ([UInt8]) -> Void) {
        let transaction = Transaction(steps: [.operation(operation)])
        let record = Record.transaction(transaction, origin: nil).encoded()
        leader?.replica?.propose(record) { result in
            if case .success(.outcome(let bytes)) = result { done(bytes) }
        }
    }
}
