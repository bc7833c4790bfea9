package import Replication

/// What a checker hears of a cluster.
extension NodeChecker {
    /// Looks at every node of `cluster` from now on, and passes on what else is to hear of it.
    ///
    /// `mayHaveLost` tells whether a host's disk may lack something at a start; `synced` hears whether
    /// nothing but a vote lies at the end of the log.
    package func watch(
        _ cluster: SimulatedCluster, mayHaveLost: @escaping (SimulatedHost) -> Bool,
        turnEnded: @escaping (SimulatedHost, ReplicaInspection) -> Void = { _, _ in },
        synced: @escaping (SimulatedHost, _ endsWithVote: Bool) -> Void = { _, _ in }
    ) {
        replica = { [unowned cluster] in cluster.host($0).replica }
        cluster.turnEnded = { [unowned self] host in
            guard let replica = host.replica else { return }
            let inspection = replica.inspection()
            self.turnEnded(host, replica, inspection)
            turnEnded(host, inspection)
        }
        cluster.opens = { [unowned self] host in
            disks.opens(host.diskName)
            votes.opens(host.diskName)
            opensIdentity(of: host)
        }
        cluster.started = { [unowned self] host in
            checkIdentity(of: host)
            started(host, mayHaveLost: mayHaveLost(host))
        }
        cluster.wroteGroup = { [unowned self] host, bytes in
            disks.wrote(host.diskName, bytes, limits: limits)
            votes.wrote(host.diskName, bytes)
        }
        cluster.syncedGroups = { [unowned self] host in
            disks.synced(host.diskName)
            votes.synced(host.diskName)
            synced(host, disks.endsWithVote(host.diskName))
        }
    }

    /// All that must not be, of nodes and of disks.
    package var allViolations: [String] {
        violations + disks.violations
    }
}
