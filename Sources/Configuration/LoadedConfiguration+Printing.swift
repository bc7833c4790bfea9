import IOCore
import Identifiers

extension LoadedConfiguration {
    /// The whole configuration as a file that says the same, each line with its source.
    package var yaml: String {
        var lines: [String] = []
        var section = ""
        for setting in Setting.allCases {
            let parts = setting.path.split(separator: ".")
            let own = parts.count > 1 ? String(parts[0]) : ""
            if own != section, !own.isEmpty { lines.append("\(own):") }
            section = own
            let key = (own.isEmpty ? "" : "  ") + parts[parts.count - 1]
            let source = origins[setting].map { "\($0)" } ?? "default"
            if let value = configuration.text(of: setting) {
                lines.append("\(key): \(value)  # \(source)")
            } else {
                lines.append("# \(key): (not set)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension NodeConfiguration {
    /// The value of one setting as a file would give it; nil where there is none.
    fileprivate func text(of setting: Setting) -> String? {
        switch setting {
        case .node: node.description
        case .cluster: Self.quoted(cluster)
        case .data: Self.quoted(dataDirectory)
        case .peerListen: Self.quoted(peer.listen.description)
        case .peerAdvertise: Self.quoted(peer.advertise.description)
        case .clientListen: Self.quoted(client.listen.description)
        case .clientAdvertise: Self.quoted(client.advertise.description)
        case .members:
            members.isEmpty ? nil : Self.quoted(members.map(\.text).joined(separator: ","))
        case .join: join.map { Self.quoted($0.description) }
        case .election: Values.duration(timers.electionMilliseconds)
        case .heartbeat: Values.duration(timers.heartbeatMilliseconds)
        case .diskHang: Values.duration(timers.diskHangMilliseconds)
        case .cache: Values.size(UInt64(bounds.cacheBytes))
        case .retainedLog: Values.size(UInt64(bounds.retainedLogBytes))
        case .connections: String(bounds.connections)
        case .triggerPrograms: triggerPrograms.map(Self.quoted)
        case .metricsListen: metrics.map { Self.quoted($0.description) } ?? "\"off\""
        case .logLevel: log.level.rawValue
        case .logFormat: log.format.rawValue
        }
    }

    /// A YAML double-quoted scalar.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + String(repeating: "0", count: 2 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension NodeConfiguration.Member {
    /// What `Values.member` reads.
    fileprivate var text: String {
        "\(id)=\(peer)/\(client)"
    }
}
