/// The settings of a daemon: their names in the file, the environment and on the command line, and
/// what each allows.
package enum Setting: String, Sendable, CaseIterable {
    case node
    case cluster
    case data
    case peerListen = "peer.listen"
    case peerAdvertise = "peer.advertise"
    case clientListen = "client.listen"
    case clientAdvertise = "client.advertise"
    case members
    case join
    case election = "timers.election"
    case heartbeat = "timers.heartbeat"
    case diskHang = "timers.disk-hang"
    case cache = "limits.cache"
    case retainedLog = "limits.retained-log"
    case connections = "limits.connections"
    case triggerPrograms = "triggers.programs"
    case metricsListen = "metrics.listen"
    case logLevel = "log.level"
    case logFormat = "log.format"

    /// The key in the file, with a dot between a section and what is in it.
    package var path: String {
        rawValue
    }

    /// Such as `LOCKSTEP_TIMERS_DISK_HANG`.
    package var environmentName: String {
        "LOCKSTEP_" + rawValue.uppercased().map { $0.isLetter ? String($0) : "_" }.joined()
    }

    /// Such as `--timers-disk-hang`.
    package var flagName: String {
        "--" + rawValue.map { $0 == "." ? "-" : String($0) }.joined()
    }

    /// What a value may be, as the end of the sentence "must be …".
    package var allowed: String {
        switch self {
        case .node: "a whole number from 1 to \(Ranges.node.upperBound)"
        case .cluster: "1 to 64 letters, digits, '-', '_' or '.'"
        case .data, .triggerPrograms: "the path of a folder"
        case .peerListen, .clientListen: "a loopback address, as 127.0.0.1:PORT or [::1]:PORT"
        case .metricsListen: "a loopback address, as 127.0.0.1:PORT or [::1]:PORT, or off"
        case .peerAdvertise, .clientAdvertise, .join: "an address, as IPV4:PORT or [IPV6]:PORT"
        case .members: "a list of ID=PEER/CLIENT, such as 1=127.0.0.1:4711/127.0.0.1:4710,2=…"
        case .election: Ranges.describe(milliseconds: Ranges.election)
        case .heartbeat: Ranges.describe(milliseconds: Ranges.heartbeat)
        case .diskHang: Ranges.describe(milliseconds: Ranges.diskHang)
        case .cache: Ranges.describe(bytes: Ranges.cache)
        case .retainedLog: Ranges.describe(bytes: Ranges.retainedLog)
        case .connections: Ranges.describe(count: Ranges.connections)
        case .logLevel:
            "one of " + NodeConfiguration.LogLevel.allCases.map(\.rawValue).joined(separator: ", ")
        case .logFormat:
            "one of " + NodeConfiguration.LogFormat.allCases.map(\.rawValue).joined(separator: ", ")
        }
    }

    /// The sections of the file, and the keys that stand in each; "" is the top level.
    static func keys(ofSection section: String) -> [String] {
        let prefix = section.isEmpty ? "" : section + "."
        var keys: [String] = []
        for setting in allCases where setting.rawValue.hasPrefix(prefix) {
            let rest = setting.rawValue.dropFirst(prefix.count)
            let key = String(rest.prefix { $0 != "." })
            if !keys.contains(key) { keys.append(key) }
        }
        return keys
    }

    /// Whether `name` is a section of the file and not a setting.
    static func isSection(_ name: String) -> Bool {
        allCases.contains { $0.rawValue.hasPrefix(name + ".") }
    }
}

/// What numbers may be, ends included.
enum Ranges {
    static let node: ClosedRange<UInt64> = 1...UInt64(Int64.max)
    static let election: ClosedRange<UInt64> = 10...60_000
    static let heartbeat: ClosedRange<UInt64> = 1...30_000
    static let diskHang: ClosedRange<UInt64> = 10...60_000
    static let cache: ClosedRange<UInt64> = 1 << 20...1 << 40
    static let retainedLog: ClosedRange<UInt64> = 1 << 20...1 << 44
    static let connections: ClosedRange<UInt64> = 1...100_000
    static let members = 31

    static func describe(milliseconds range: ClosedRange<UInt64>) -> String {
        "a time from \(Values.duration(range.lowerBound)) to \(Values.duration(range.upperBound)),"
            + " with its unit (ms, s or m)"
    }

    static func describe(bytes range: ClosedRange<UInt64>) -> String {
        "a size from \(Values.size(range.lowerBound)) to \(Values.size(range.upperBound))"
            + " (B, KiB, MiB, GiB or TiB)"
    }

    static func describe(count range: ClosedRange<UInt64>) -> String {
        "a whole number from \(range.lowerBound) to \(range.upperBound)"
    }
}
