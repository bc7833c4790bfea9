import Codec

/// Where a node listens for clients: a host and a port.
public struct Endpoint: Hashable, Sendable, LosslessStringConvertible {
    public let host: String
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port` or `[v6]:port`; nil for anything else.
    public init?(_ description: String) {
        guard let colon = description.lastIndex(of: ":"),
            let port = UInt16(description[description.index(after: colon)...])
        else { return nil }
        var host = description[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: port)
    }

    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// What a client needs to know before it connects.
public struct ClientConfiguration: Sendable {
    /// Some nodes of the cluster; the leader is found from any of them.
    public var endpoints: [Endpoint]
    /// Shown by the cluster with the client's session.
    public var name = "swift client"
    /// Refuse nodes of other clusters: 32 hexadecimal digits; nil for any cluster.
    public var cluster: String?
    /// How long one call may take, with all its retries, unless the call says otherwise.
    public var requestTimeout = Duration.seconds(10)
    /// How long one attempt to connect may take.
    public var connectTimeout = Duration.seconds(2)
    /// How long the cluster remembers outcomes for a client that it does not hear of.
    public var sessionTimeToLive = Duration.seconds(60)
    /// Transactions under way at once, in `[1, 1024]`; more wait in the client.
    public var pipelineWindow = 256
    /// Change sets that one watch may have received and not yet given to its reader.
    public var watchBuffer = 256
    /// The first and the longest wait between attempts to reach the leader; with jitter.
    public var shortestBackoff = Duration.milliseconds(20)
    public var longestBackoff = Duration.seconds(1)

    public init(endpoints: [Endpoint]) {
        self.endpoints = endpoints
    }

    /// What is wrong with the values; nil if nothing is.
    var objection: String? {
        if endpoints.isEmpty { return "no endpoint to connect to" }
        if pipelineWindow < 1 || pipelineWindow > Limits.standard.outcomesPerSession {
            return "pipeline window \(pipelineWindow) is not in 1...1024"
        }
        if watchBuffer < 1 || watchBuffer > 65_536 {
            return "watch buffer \(watchBuffer) is not in 1...65536"
        }
        let durations = [
            requestTimeout, connectTimeout, sessionTimeToLive, shortestBackoff, longestBackoff,
        ]
        if durations.contains(where: { $0 <= .zero }) { return "a duration is not positive" }
        return nil
    }
}

extension Duration {
    /// Whole milliseconds, at least 1 for anything positive; 0 for nothing or less.
    var wholeMilliseconds: UInt64 {
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000)
        if overflow { return UInt64(Int64.max) / 1_000_000 }
        let sum = product + UInt64(attoseconds / 1_000_000_000_000_000)
        return max(1, min(sum, UInt64(Int64.max) / 1_000_000))
    }
}
