package import Codec
package import IOCore
package import Identifiers
package import Replication
package import Transactions

/// What one node is started with.
package struct NodeSettings: Sendable {
    package var replica: ReplicaSettings
    package var incarnation: Incarnation
    /// The membership of a new cluster; empty for a node that will be added to one.
    package var bootstrap: ClusterMembership
    package var peerListen: Address
    package var clientListen: Address
    /// Metrics and health over HTTP; nil: none.
    package var metricsListen: Address?
    /// Where the programs of triggers are; nil: there are none.
    package var triggerFolder: String?
    package var version: String
    /// How long a drain may take.
    package var drainMilliseconds: UInt64 = 5_000

    package init(
        replica: ReplicaSettings, incarnation: Incarnation, bootstrap: ClusterMembership,
        peerListen: Address, clientListen: Address, metricsListen: Address?,
        triggerFolder: String?, version: String
    ) {
        self.replica = replica
        self.incarnation = incarnation
        self.bootstrap = bootstrap
        self.peerListen = peerListen
        self.clientListen = clientListen
        self.metricsListen = metricsListen
        self.triggerFolder = triggerFolder
        self.version = version
    }

    package var limits: Limits {
        replica.limits
    }
}
