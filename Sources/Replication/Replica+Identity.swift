import IOCore
package import Identifiers
import Raft
package import Transactions

/// Who is at the other end of a connection.
struct PeerIdentity {
    let incarnation: Incarnation
    /// The founding that its directory belongs to; nil until it has said so.
    var founding: FoundingID?
    /// Whether its directory holds a term or a record.
    var hasBegun = false

    init(_ incarnation: Incarnation) {
        self.incarnation = incarnation
    }
}

/// Names stand for data directories: a name with another directory is another node.
///
/// What a leader or candidate counts must come from the directory that the newest membership of its
/// log records for the sender; what it asks goes to such directories alone. So Raft's argument holds
/// with pairs of name and incarnation for nodes, and a directory that was lost is a node that has
/// crashed for good. Requests are taken from anybody of the same founding, because a leader may have
/// come to the cluster after what this log knows of it.
extension Replica {
    /// The newest membership of the log, in force from when it was appended; empty before the first.
    package var newestMembership: ClusterMembership {
        logMemberships.last?.membership ?? membership
    }

    /// Whether the directory holds a term or a record; the cluster then has begun.
    var hasBegun: Bool {
        raft.term > .zero || raft.lastPosition.index > .zero || raft.isDamaged
    }

    /// The directory recorded for a node; of one that leaves, as long as the log tells of it.
    package func recorded(_ node: NodeID) -> Incarnation? {
        directories[node]
    }

    /// What the newest membership that names a node records for it.
    var recordedDirectories: NodeTable<Incarnation> {
        var found = NodeTable<Incarnation?>()
        for known in logMemberships.reversed().map(\.membership) + [membership] {
            for member in known.members where found[member.node] == nil {
                found[member.node] = .some(member.incarnation)
            }
        }
        var directories = NodeTable<Incarnation>()
        for (node, incarnation) in found {
            directories[node] = incarnation
        }
        return directories
    }

    /// Whether the directory at the other end is the one that is recorded.
    func isMember(_ node: NodeID) -> Bool {
        guard let peer = peers[node] else { return false }
        #if PLANTED_BUGS
            if PlantedBug.wipedNodeVotes.isActive { return true }
        #endif
        return recorded(node) == peer.incarnation
    }

    /// Whether a message may reach the core.
    func isAdmitted(_ message: Message, from node: NodeID) -> Bool {
        guard !isAccepting, let peer = peers[node], let founding = peer.founding else {
            return false
        }
        let own = newestMembership.founding
        guard founding == own || founding == .zero || own == .zero else { return false }
        return !message.isAnswer || isMember(node)
    }

    // MARK: Telling

    var ownStanding: FoundingMessage {
        .standing(newestMembership.founding, hasBegun: hasBegun)
    }

    func send(_ message: FoundingMessage, to node: NodeID) {
        _ = resources.transport.send([message.encoded()], to: node)
    }

    /// Tells everybody what this directory is, where that has changed.
    func announce() {
        let now = ownStanding
        guard now != announced else { return }
        announced = now
        for node in peers.keys {
            send(now, to: node)
        }
    }

    // MARK: Changes

    /// The newest membership of the log is another one.
    func membershipChanged() {
        updateStanding()
        announce()
    }

    func updateStanding() {
        let next = presentStanding
        guard next != standing else { return }
        standing = next
        step(.standing(next))
    }

    private var presentStanding: Standing {
        #if PLANTED_BUGS
            if PlantedBug.wipedNodeVotes.isActive { return .full }
        #endif
        let newest = newestMembership
        guard !newest.voters.isEmpty else { return .none }
        if let own = newest.member(settings.node), own.incarnation != incarnation { return .none }
        if hasBegun || isFoundingAgreed || newest.voters.count == 1 { return .full }
        return .votesOnly
    }

    /// Whether the recorded directory of a node has been heard of lately.
    package func isHeard(_ node: NodeID) -> Bool {
        guard isMember(node), let time = heard[node] else { return false }
        return loop.now.milliseconds(since: time) < 3 * settings.raft.electionMilliseconds
    }
}
