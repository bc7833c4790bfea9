import IOCore
package import Identifiers
import KeyValue
import Logging
import Raft
import Transactions

/// How several empty directories become one cluster.
///
/// The founder with the smallest name proposes a list of all founders with their directories once it
/// is connected with all of them and none holds a term or a record. Each accepts it on disk, and
/// another one as long as it has neither; once all have accepted the same list, the proposer
/// campaigns, and nobody does before. So a directory that has voted has accepted one founding for
/// good, and another one cannot begin while it is there: two foundings both lead to a leader only if
/// every directory was lost in between.
extension Replica {
    /// A peer has said what its directory is, or proposes a founding.
    package func received(_ message: FoundingMessage, from node: NodeID) {
        guard !isStopped, peers[node] != nil else { return }
        switch message {
        case .standing(let founding, let hasBegun):
            peers[node]?.founding = founding
            peers[node]?.hasBegun = hasBegun
            considerFounding()
        case .proposal(let proposed):
            foundingProposed(proposed, by: node)
        }
    }

    private var isFounder: Bool {
        founders.voters.count > 1 && founders.voters.contains(settings.node)
    }

    private var proposer: NodeID? {
        founders.voters.min()
    }

    /// Proposes a founding, or campaigns where all have accepted it.
    func considerFounding() {
        guard isFounder, proposer == settings.node, !hasBegun, !isAccepting, !isFoundingAgreed,
            let proposal = possibleFounding
        else { return }
        guard newestMembership == proposal else {
            accept(proposal)
            return
        }
        let others = founders.voters.filter { $0 != settings.node }
        let missing = others.filter { peers[$0]?.founding != proposal.founding }
        for node in missing {
            send(.proposal(proposal), to: node)
        }
        guard missing.isEmpty else { return }
        logger.notice(
            "the cluster begins: all first members have agreed",
            metadata: ["founding": "\(proposal.founding)"])
        isFoundingAgreed = true
        updateStanding()
        step(.campaign)
    }

    /// The founders with the directories at the other ends, if all are there and none has begun.
    private var possibleFounding: ClusterMembership? {
        var directories = [settings.node: incarnation]
        for node in founders.voters where node != settings.node {
            guard let peer = peers[node], peer.founding != nil, !peer.hasBegun else { return nil }
            directories[node] = peer.incarnation
        }
        return founders.founded(by: directories)
    }

    private func foundingProposed(_ proposed: ClusterMembership, by node: NodeID) {
        guard isFounder, node == proposer, !hasBegun, !isAccepting,
            proposed.founding != .zero, proposed.voters == founders.voters,
            proposed.outgoing.isEmpty, proposed.learners.isEmpty,
            proposed.member(settings.node)?.incarnation == incarnation,
            proposed.member(node)?.incarnation == peers[node]?.incarnation
        else { return }
        if newestMembership == proposed {
            send(ownStanding, to: node)
        } else {
            accept(proposed)
        }
    }

    /// Writes a founding to disk; core messages wait outside meanwhile.
    private func accept(_ founding: ClusterMembership) {
        isAccepting = true
        applier.perform { applier -> Result<Void, EngineFailure> in
            do throws(EngineFailure) {
                return .success(try applier.found(founding))
            } catch {
                return .failure(error)
            }
        } done: { [self] result in
            accepted(founding, result)
        }
    }

    private func accepted(_ founding: ClusterMembership, _ result: Result<Void, EngineFailure>) {
        guard !isStopped else { return }
        isAccepting = false
        if case .failure(let failure) = result {
            fail(.engine(failure))
            return
        }
        membership = founding
        resources.transport.update(founding, asOf: .zero)
        step(.founded(founding.core))
        membershipChanged()
        considerFounding()
    }
}
