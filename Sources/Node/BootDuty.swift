import IOCore
import Identifiers
import KeyValue
import Logging
import Properties
import PropertyStorage
import Replication
import Transactions

/// The leader's duty of telling the log in which run each member's process is.
///
/// From that every node knows when all have started anew, and clears the property groups that are
/// not persistent. Nothing is proposed as long as the log knows all there is to know.
final class BootDuty {
    private let replica: Replica
    private let loop: any EventLoop
    private let logger: Logger
    /// In which run a node's process is; 0: not known.
    private let boot: (NodeID) -> UInt64
    /// Work begun in one epoch is dropped in the next.
    private var epoch: UInt64 = 0
    private var isLeading = false
    private var isBusy = false
    /// What the log is known to hold, with no clearing under way.
    private var settled: [NodeBoot] = []

    private static let periodMilliseconds: UInt64 = 500

    init(
        replica: Replica, loop: any EventLoop, logger: Logger, boot: @escaping (NodeID) -> UInt64
    ) {
        self.replica = replica
        self.loop = loop
        self.logger = logger
        self.boot = boot
    }

    func roleChanged(isLeader: Bool) {
        guard isLeader != isLeading else { return }
        stop()
        isLeading = isLeader
        if isLeader { look() }
    }

    func stop() {
        isLeading = false
        isBusy = false
        epoch += 1
        settled = []
    }

    /// Looks at the peers, and again after a while as long as this node leads.
    private func look() {
        let begun = epoch
        let back = LoopBound(self, to: loop)
        _ = loop.schedule(at: loop.now.advanced(milliseconds: Self.periodMilliseconds)) {
            guard back.value.epoch == begun else { return }
            back.value.look()
        }
        let boots = replica.currentMembership.members.map {
            NodeBoot(node: $0.node, boot: boot($0.node))
        }.sorted { $0.node < $1.node }
        guard !isBusy, !boots.isEmpty, boots != settled else { return }
        isBusy = true
        // Linearizable: what earlier leaders have told is applied.
        replica.query(.linearizable) { engine throws(EngineFailure) in
            try PropertyStore.boots(in: engine)
        } done: { [weak self] result in
            guard let self, epoch == begun else { return }
            isBusy = false
            // Refused now, it is asked again in a while.
            guard case .success(let register) = result else { return }
            if register.needs(boots) { tell(boots) } else { settled = boots }
        }
    }

    private func tell(_ boots: [NodeBoot]) {
        isBusy = true
        let begun = epoch
        let step = PropertyOperation.noteBoots(boots).step
        let record = Record.transaction(Transaction(steps: [step]), origin: nil)
        replica.propose(record.encoded()) { [weak self] result in
            guard let self, epoch == begun else { return }
            isBusy = false
            guard case .success(.outcome(let outcome)) = result,
                case .aborted(_, let code)? = try? OutcomeHeader.peek(outcome)
            else { return }
            // A trigger's veto, as a rule: not asked again until another process starts.
            settled = boots
            logger.warning("boots are not taken", metadata: ["abort": "\(code)"])
        }
    }
}
