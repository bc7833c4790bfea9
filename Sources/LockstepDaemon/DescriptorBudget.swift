import Codec
import Glibc

/// The files and sockets that this process may have open, divided up.
package struct DescriptorBudget {
    /// All that there may be: the soft limit of the process, raised to the hard one.
    package let limit: Int
    /// Table files that the store engine may hold open.
    package let engineFiles: Int
    /// Connections of clients.
    package let connections: Int

    /// For the refused connections, the peers (in both directions), the pipes of trigger programs,
    /// and 128 for metrics, the log, listeners and the standard streams.
    private static let reserve =
        Limits.standard.refusedConnections + 2 * Limits.standard.members
        + 3 * Limits.standard.triggerPrograms + 128
    /// Below this the node could not do its work.
    private static let least = 512

    /// Raises the limit of the process as far as it may, and divides it up.
    ///
    /// - Throws: `DaemonFailure` where there are too few.
    init(wantedConnections: Int) throws {
        try self.init(limit: Self.raise(), wantedConnections: wantedConnections)
    }

    package init(limit: Int, wantedConnections: Int) throws {
        guard limit >= Self.least else {
            throw DaemonFailure(
                status: DaemonExit.configuration.rawValue,
                text: "a node needs \(Self.least) file descriptors, this process may have "
                    + "\(limit); raise the limit (ulimit -n, or LimitNOFILE of its unit)")
        }
        self.limit = limit
        engineFiles = min(512, limit / 4)
        connections = min(wantedConnections, limit - engineFiles - Self.reserve)
    }

    /// The limit of open descriptors (*getrlimit(2)*) after it was raised.
    private static func raise() -> Int {
        var limits = rlimit()
        guard unsafe getrlimit(Int32(RLIMIT_NOFILE.rawValue), &limits) == 0 else { return least }
        var raised = limits
        raised.rlim_cur = min(limits.rlim_max, 1 << 20)
        if raised.rlim_cur > limits.rlim_cur,
            unsafe setrlimit(Int32(RLIMIT_NOFILE.rawValue), &raised) == 0
        {
            limits = raised
        }
        return Int(clamping: limits.rlim_cur)
    }
}
