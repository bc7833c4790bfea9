import IOCore
import Identifiers

/// A configuration while its sources are laid over one another.
struct Draft {
    var configuration = NodeConfiguration(dataDirectory: "")
    /// Nil where advertised is what is listened on.
    var peerAdvertise: Address?
    var clientAdvertise: Address?
    private(set) var origins: [Setting: Origin] = [:]
    private(set) var problems: [Problem] = []
    /// Settings that some source gave a value that cannot be taken.
    private(set) var spoiled: Set<Setting> = []

    mutating func lay(_ file: ConfigurationFile) {
        problems += file.problems
        for (setting, text, origin) in file.values { lay(setting, text, origin) }
        if let members = file.members {
            configuration.members = members.list
            origins[.members] = members.origin
        }
        problems.sort(by: Problem.isEarlier)
        if file.problems.contains(where: { $0.message.hasPrefix("members") }) {
            spoiled.insert(.members)
        }
    }

    mutating func lay(_ setting: Setting, _ text: String, _ origin: Origin) {
        do throws(ValueFailure) {
            try setting.apply(text, to: &self)
            origins[setting] = origin
        } catch {
            spoiled.insert(setting)
            problems.append(Problem(origin, "\(setting.path) \(error.message)"))
        }
    }

    func isGiven(_ setting: Setting) -> Bool {
        origins[setting] != nil
    }

    /// The configuration, once everything is laid; reports what does not go together.
    mutating func settled() -> NodeConfiguration {
        configuration.peer.advertise = peerAdvertise ?? configuration.peer.listen
        configuration.client.advertise = clientAdvertise ?? configuration.client.listen
        checkDataDirectory()
        checkTimers()
        checkAddresses()
        checkMembers()
        return configuration
    }

    /// Reports a combination, unless one of the settings in it was unreadable anyway.
    private mutating func object(_ settings: [Setting], _ message: String) {
        guard spoiled.isDisjoint(with: settings) else { return }
        let given = settings.compactMap { origins[$0] }
        problems.append(Problem(given.last ?? .configuration, message))
    }

    private mutating func checkDataDirectory() {
        guard configuration.dataDirectory.isEmpty else { return }
        object(
            [.data],
            "the data directory is missing; give it by \(Setting.data.flagName) DIRECTORY,"
                + " \(Setting.data.environmentName), or \"data:\" in the file")
    }

    private mutating func checkTimers() {
        let timers = configuration.timers
        guard timers.heartbeatMilliseconds * 2 > timers.electionMilliseconds else { return }
        object(
            [.election, .heartbeat],
            "timers.heartbeat is \(Values.duration(timers.heartbeatMilliseconds)), but must be at"
                + " most half of timers.election, which is"
                + " \(Values.duration(timers.electionMilliseconds)), or followers call elections"
                + " that nobody needs")
    }

    private mutating func checkAddresses() {
        let listened: [(Setting, Address?)] = [
            (.clientListen, configuration.client.listen),
            (.peerListen, configuration.peer.listen),
            (.metricsListen, configuration.metrics),
        ]
        for (place, later) in listened.enumerated() {
            for earlier in listened[..<place] {
                guard let address = later.1, address == earlier.1 else { continue }
                object(
                    [earlier.0, later.0],
                    "\(later.0.path) and \(earlier.0.path) are both \(address); give each a port of"
                        + " its own")
            }
        }
    }

    private mutating func checkMembers() {
        let members = configuration.members
        if configuration.join != nil, !members.isEmpty {
            object(
                [.members, .join],
                "join and members exclude each other: members found a new cluster, join enters"
                    + " one that is there")
        }
        if !isGiven(.node), configuration.join != nil || isGiven(.members) {
            object([.members, .join, .node], "node is needed in a cluster: which member is this?")
        }
        guard !members.isEmpty else { return }
        if members.count > Ranges.members {
            object(
                [.members], "members holds \(members.count); at most \(Ranges.members) are allowed")
        }
        reportRepeats()
        guard isGiven(.node) else { return }
        guard let own = members.first(where: { $0.id == configuration.node }) else {
            let ids = members.map(\.id.description).joined(separator: ", ")
            object(
                [.members, .node],
                "members does not hold this node, \(configuration.node); it holds \(ids)")
            return
        }
        agree(own.peer, configuration.peer.advertise, .peerAdvertise, .peerListen)
        agree(own.client, configuration.client.advertise, .clientAdvertise, .clientListen)
    }

    private mutating func agree(
        _ member: Address, _ own: Address, _ advertise: Setting, _ listen: Setting
    ) {
        guard member != own else { return }
        object(
            [.members, .node, advertise, listen],
            "members says that this node is at \(member), but \(advertise.path) is \(own); make"
                + " them the same")
    }

    private mutating func reportRepeats() {
        var ids: Set<String> = []
        var addresses: Set<String> = []
        for member in configuration.members {
            if !ids.insert(member.id.description).inserted {
                object([.members], "members holds the id \(member.id) twice")
            }
            for address in [member.peer, member.client]
            where !addresses.insert(address.description).inserted {
                object([.members], "members holds the address \(address) twice")
            }
        }
    }
}
