import ArgumentParser
package import Configuration

/// The flags of all settings; each keeps its text, which `Configuration` reads and checks.
package struct SettingOptions: ParsableArguments {
    @Option(
        name: .customLong("node"),
        help: ArgumentHelp(
            "This node's number in the cluster, never 0. (default: 1)",
            valueName: "id"))
    var node: String?

    @Option(
        name: .customLong("cluster"),
        help: ArgumentHelp(
            "The new cluster's name; counts when a data directory is made, without --join. "
                + "(default: lockstep)",
            valueName: "name"))
    var cluster: String?

    @Option(
        name: .customLong("data"),
        help: ArgumentHelp(
            "Where everything durable is kept; made if it is missing.",
            valueName: "directory"))
    var data: String?

    @Option(
        name: .customLong("peer-listen"),
        help: ArgumentHelp(
            "Where other nodes connect to. (default: 127.0.0.1:4711)",
            valueName: "address"))
    var peerListen: String?

    @Option(
        name: .customLong("peer-advertise"),
        help: ArgumentHelp(
            "What other nodes are told to connect to.",
            valueName: "address"))
    var peerAdvertise: String?

    @Option(
        name: .customLong("client-listen"),
        help: ArgumentHelp(
            "Where clients connect to. (default: 127.0.0.1:4710)",
            valueName: "address"))
    var clientListen: String?

    @Option(
        name: .customLong("client-advertise"),
        help: ArgumentHelp(
            "What clients are told to connect to.",
            valueName: "address"))
    var clientAdvertise: String?

    @Option(
        name: .customLong("members"),
        help: ArgumentHelp(
            "The members of a new cluster, as ID=PEER/CLIENT,…",
            valueName: "list"))
    var members: String?

    @Option(
        name: .customLong("join"),
        help: ArgumentHelp(
            "A client address of the cluster to join.",
            valueName: "address"))
    var join: String?

    @Option(
        name: .customLong("timers-election"),
        help: ArgumentHelp(
            "A follower that hears nothing campaigns after one to two times this. (default: 1s)",
            valueName: "time"))
    var election: String?

    @Option(
        name: .customLong("timers-heartbeat"),
        help: ArgumentHelp(
            "How often a leader tells that it leads. (default: 100ms)",
            valueName: "time"))
    var heartbeat: String?

    @Option(
        name: .customLong("timers-disk-hang"),
        help: ArgumentHelp(
            "A leader whose disk hangs for longer gives its place away. (default: 1s)",
            valueName: "time"))
    var diskHang: String?

    @Option(
        name: .customLong("limits-cache"),
        help: ArgumentHelp(
            "Memory for rows (a quarter) and blocks of the stores. (default: 256MiB)",
            valueName: "size"))
    var cache: String?

    @Option(
        name: .customLong("limits-retained-log"),
        help: ArgumentHelp(
            "Log kept for members that lag, before they need a snapshot. (default: 256MiB)",
            valueName: "size"))
    var retainedLog: String?

    @Option(
        name: .customLong("limits-connections"),
        help: ArgumentHelp(
            "Clients connected at once. (default: 10000)",
            valueName: "count"))
    var connections: String?

    @Option(
        name: .customLong("triggers-programs"),
        help: ArgumentHelp(
            "Where the programs of triggers are; without it none runs.",
            valueName: "directory"))
    var triggerPrograms: String?

    @Option(
        name: .customLong("metrics-listen"),
        help: ArgumentHelp(
            "Where metrics are served, or off. (default: 127.0.0.1:4712)",
            valueName: "address"))
    var metricsListen: String?

    @Option(
        name: .customLong("log-level"),
        help: ArgumentHelp(
            "The least severe message that is logged. (default: info)",
            valueName: "level"))
    var logLevel: String?

    @Option(
        name: .customLong("log-format"),
        help: ArgumentHelp(
            "How messages are logged: text or json. (default: text)",
            valueName: "format"))
    var logFormat: String?

    package init() {}

    /// The settings that were given, in the order of `Setting`.
    package var given: [(setting: Setting, text: String)] {
        Setting.allCases.compactMap { setting in
            text(of: setting).map { (setting: setting, text: $0) }
        }
    }

    private func text(of setting: Setting) -> String? {
        switch setting {
        case .node: node
        case .cluster: cluster
        case .data: data
        case .peerListen: peerListen
        case .peerAdvertise: peerAdvertise
        case .clientListen: clientListen
        case .clientAdvertise: clientAdvertise
        case .members: members
        case .join: join
        case .election: election
        case .heartbeat: heartbeat
        case .diskHang: diskHang
        case .cache: cache
        case .retainedLog: retainedLog
        case .connections: connections
        case .triggerPrograms: triggerPrograms
        case .metricsListen: metricsListen
        case .logLevel: logLevel
        case .logFormat: logFormat
        }
    }
}

extension SettingOptions {
    /// The variables that give settings, each on a line of its own.
    package static var environmentNames: String {
        let names = ["LOCKSTEP_CONFIGURATION"] + Setting.allCases.map(\.environmentName)
        return names.map { "  " + $0 }.joined(separator: "\n")
    }
}
