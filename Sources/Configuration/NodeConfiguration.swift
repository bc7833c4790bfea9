package import Codec
package import IOCore
package import Identifiers

/// Everything one daemon is told from outside, checked: a value of this type can be run.
///
/// `Sources.load` makes it from a file, the environment and flags; the memberwise defaults are those
/// of a single node on loopback.
package struct NodeConfiguration: Sendable, Equatable {
    package static let defaultClientPort: UInt16 = 4710
    package static let defaultPeerPort: UInt16 = 4711
    package static let defaultMetricsPort: UInt16 = 4712

    /// This node's name in the cluster, never 0.
    package var node = NodeID(1)
    /// What people call a new cluster; its founders agree on it when their data directories are made.
    ///
    /// A directory that is there keeps its cluster, and a node that joins takes that of the cluster.
    package var cluster = "lockstep"
    package var dataDirectory: String
    package var peer = Endpoint(port: NodeConfiguration.defaultPeerPort)
    package var client = Endpoint(port: NodeConfiguration.defaultClientPort)
    /// The members that a new cluster starts with; empty for a node alone or one that joins.
    package var members: [Member] = []
    /// A client address of the cluster to join; nil for a node that founds one or is in one.
    package var join: Address?
    package var timers = Timers()
    package var bounds = Bounds()
    /// The folder that triggers' programs are taken from; nil: no program runs.
    package var triggerPrograms: String?
    /// Where metrics are served; nil: nowhere.
    package var metrics: Address? = Address(
        host: "127.0.0.1", port: NodeConfiguration.defaultMetricsPort)
    package var log = LogSettings()

    package init(dataDirectory: String) {
        self.dataDirectory = dataDirectory
    }

    /// Where connections are accepted, and what others are told to connect to.
    package struct Endpoint: Sendable, Equatable {
        package var listen: Address
        package var advertise: Address

        package init(port: UInt16) {
            listen = Address(host: "127.0.0.1", port: port)
            advertise = listen
        }
    }

    /// One of the members that a new cluster starts with.
    package struct Member: Sendable, Equatable {
        package var id: NodeID
        package var peer: Address
        package var client: Address

        package init(id: NodeID, peer: Address, client: Address) {
            self.id = id
            self.peer = peer
            self.client = client
        }
    }

    package struct Timers: Sendable, Equatable {
        /// A follower that hears nothing campaigns after one to two times this.
        package var electionMilliseconds: UInt64 = 1_000
        package var heartbeatMilliseconds: UInt64 = 100
        /// A leader whose disk does not answer for this long gives its place away.
        package var diskHangMilliseconds: UInt64 = 1_000

        package init() {}
    }

    package struct Bounds: Sendable, Equatable {
        /// Bytes of memory for what is read again: rows as they are, and blocks of the engine's tables.
        package var cacheBytes = 256 << 20
        /// What of the cache belongs to rows; not more than 1 GiB, because the table of their places is
        /// there from the start.
        package var rowCacheBytes: Int { min(cacheBytes / 4, 1 << 30) }
        package var blockCacheBytes: Int { cacheBytes - rowCacheBytes }
        /// Log bytes kept behind the applied index for members that lag.
        package var retainedLogBytes = Limits.standard.retainedLogBytes
        package var connections = Limits.standard.clientConnections

        package init() {}
    }

    package struct LogSettings: Sendable, Equatable {
        package var level = LogLevel.info
        package var format = LogFormat.text

        package init() {}
    }

    /// The least severe log message that is written.
    package enum LogLevel: String, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    package enum LogFormat: String, Sendable, CaseIterable {
        /// Lines for people.
        case text
        /// One JSON object a line.
        case json
    }

    /// The members to found a cluster with: those given, or this node alone; empty for one that joins.
    package var foundingMembers: [Member] {
        guard join == nil else { return [] }
        guard members.isEmpty else { return members.sorted { $0.id < $1.id } }
        return [Member(id: node, peer: peer.advertise, client: client.advertise)]
    }

    /// The standard limits with this configuration's bounds in them.
    package var limits: Limits {
        var limits = Limits.standard
        limits.retainedLogBytes = bounds.retainedLogBytes
        limits.clientConnections = bounds.connections
        limits.cachedRowBytes = bounds.rowCacheBytes
        return limits
    }
}
