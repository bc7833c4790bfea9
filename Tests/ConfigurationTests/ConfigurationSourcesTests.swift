import Configuration
import IOCore
import Identifiers
import Testing

/// The problems of these sources, one a line.
private func problems(
    _ environment: [String: String] = [:], _ flags: [(setting: Setting, text: String)] = []
) -> String {
    var sources = ConfigurationSources()
    sources.environment = environment
    sources.flags = flags
    do {
        _ = try sources.load()
        return ""
    } catch {
        return error.description
    }
}

@Suite struct ConfigurationSourcesTests {
    @Test func `with a data directory alone it is a single node on loopback`() throws {
        var sources = ConfigurationSources()
        sources.flags = [(.data, "/d")]
        let configuration = try sources.load().configuration
        #expect(configuration == NodeConfiguration(dataDirectory: "/d"))
        #expect(configuration.client.listen.description == "127.0.0.1:4710")
        #expect(configuration.peer.listen.description == "127.0.0.1:4711")
        #expect(configuration.metrics?.description == "127.0.0.1:4712")
        #expect(
            configuration.foundingMembers == [
                NodeConfiguration.Member(
                    id: NodeID(1), peer: Address(host: "127.0.0.1", port: 4711),
                    client: Address(host: "127.0.0.1", port: 4710))
            ])
    }

    @Test func `flags go over the environment and that over the file and that over defaults`()
        throws
    {
        var sources = ConfigurationSources()
        sources.file = ("f", "data: file\ncluster: file\nlog: {level: error}\n")
        sources.environment = [
            "LOCKSTEP_DATA": "environment", "LOCKSTEP_CLUSTER": "environment", "HOME": "/",
            "LOCKSTEP_ENDPOINTS": "127.0.0.1:1", "LOCKSTEP_CONFIGURATION": "f",
        ]
        sources.flags = [(.data, "flag")]
        let loaded = try sources.load()
        #expect(loaded.configuration.dataDirectory == "flag")
        #expect(loaded.configuration.cluster == "environment")
        #expect(loaded.configuration.log.level == .error)
        #expect(loaded.configuration.log.format == .text)
        #expect(loaded.origins[.data] == .flag("--data"))
        #expect(loaded.origins[.cluster] == .environment("LOCKSTEP_CLUSTER"))
        #expect(loaded.origins[.logLevel] == .file("f", line: 3, column: 14))
        #expect(loaded.origins[.logFormat] == nil)
    }

    @Test func `a missing data directory is told with the three ways to give it`() {
        #expect(
            problems() == """
                configuration: the data directory is missing; give it by --data DIRECTORY, \
                LOCKSTEP_DATA, or "data:" in the file
                """)
    }

    @Test func `an unknown variable and a bad flag are both told`() {
        let text = problems(
            ["LOCKSTEP_DATAS": "x", "LOCKSTEP_DATA": "/d"], [(.election, "soon")])
        #expect(
            text.split(separator: "\n").first ?? "" == """
                --timers-election: timers.election must be a time from 10ms to 1m, with its unit \
                (ms, s or m), not "soon"
                """)
        #expect(
            text.contains(
                "\nLOCKSTEP_DATAS: this variable is not known, did you mean LOCKSTEP_DATA?; allowed: "
            ))
    }

    @Test func `addresses that other machines reach are refused with the reason`() {
        #expect(
            problems([:], [(.data, "/d"), (.clientListen, "0.0.0.0:4710")]) == """
                --client-listen: client.listen is 0.0.0.0:4710, which other machines may reach, and \
                connections are neither encrypted nor authenticated yet; listen on 127.0.0.1 or [::1] \
                and reach it through a tunnel
                """)
    }

    @Test(arguments: [
        "127.evil.example:1", "127.0.0.1:0", "127.0.0.1:+5", "127.0.0.1:65536", "127.0.0.1", ":1",
        "[127.0.0.1]:1", "::1:1", "[::g]:1", "", "127.0.0.1:1 ", "127.0.0:1",
    ])
    func `what is no address is refused`(text: String) {
        #expect(
            problems([:], [(.data, "/d"), (.join, text), (.node, "1")]) == """
                --join: join must be an address, as IPV4:PORT or [IPV6]:PORT, not "\(text)"
                """)
    }

    @Test(
        arguments: [
            (
                [(.heartbeat, "600ms")],
                "--timers-heartbeat: timers.heartbeat is 600ms, but must be at most half of"
                    + " timers.election, which is 1s, or followers call elections that nobody needs"
            ),
            (
                [(.peerListen, "127.0.0.1:4710")],
                "--peer-listen: peer.listen and client.listen are both 127.0.0.1:4710; give each a"
                    + " port of its own"
            ),
            (
                [(.join, "127.0.0.1:1")],
                "--join: node is needed in a cluster: which member is this?"
            ),
            (
                [(.node, "3"), (.members, "1=127.0.0.1:1/127.0.0.1:2,2=127.0.0.1:3/127.0.0.1:4")],
                "--node: members does not hold this node, 3; it holds 1, 2"
            ),
            (
                [(.node, "1"), (.members, "1=127.0.0.1:1/127.0.0.1:4710")],
                "--node: members says that this node is at 127.0.0.1:1, but peer.advertise is"
                    + " 127.0.0.1:4711; make them the same"
            ),
            (
                [(.members, "1=127.0.0.1:4711"), (.node, "1")],
                "--members: members must be a list of ID=PEER/CLIENT, such as"
                    + " 1=127.0.0.1:4711/127.0.0.1:4710,2=…, not \"1=127.0.0.1:4711\""
            ),
            (
                [
                    (.node, "1"), (.join, "127.0.0.1:1"),
                    (.members, "1=127.0.0.1:4711/127.0.0.1:4710"),
                ],
                "--join: join and members exclude each other: members found a new cluster, join"
                    + " enters one that is there"
            ),
            (
                [
                    (.node, "1"),
                    (
                        .members,
                        "1=127.0.0.1:4711/127.0.0.1:4710,1=127.0.0.1:4711/127.0.0.1:3"
                    ),
                ],
                "--members: members holds the id 1 twice\n"
                    + "--members: members holds the address 127.0.0.1:4711 twice"
            ),
        ] as [([(Setting, String)], String)])
    func `what does not go together is told`(flags: [(Setting, String)], message: String) {
        #expect(problems(["LOCKSTEP_DATA": "/d"], flags.map { (setting: $0, text: $1) }) == message)
    }

    @Test func `printed defaults read back too`() throws {
        var sources = ConfigurationSources()
        sources.flags = [(.data, "/d")]
        let loaded = try sources.load()
        var again = ConfigurationSources()
        again.file = ("printed", loaded.yaml)
        #expect(try again.load().configuration == loaded.configuration)
    }

    @Test func `what is printed reads back as the same configuration`() throws {
        var sources = ConfigurationSources()
        sources.environment = [
            "LOCKSTEP_DATA": "/tmp/a \"b\"\\\u{1}é", "LOCKSTEP_NODE": "7",
            "LOCKSTEP_MEMBERS": "7=[::1]:4711/[::1]:4710,9=127.0.0.1:1/127.0.0.1:2",
            "LOCKSTEP_PEER_LISTEN": "[::1]:4711", "LOCKSTEP_CLIENT_LISTEN": "[::1]:4710",
            "LOCKSTEP_TIMERS_ELECTION": "1500ms", "LOCKSTEP_LIMITS_CACHE": "1048577",
            "LOCKSTEP_METRICS_LISTEN": "off", "LOCKSTEP_TRIGGERS_PROGRAMS": "/t",
        ]
        let loaded = try sources.load()
        var again = ConfigurationSources()
        again.file = ("printed", loaded.yaml)
        #expect(try again.load().configuration == loaded.configuration)
        #expect(loaded.yaml.contains("  election: 1500ms  # LOCKSTEP_TIMERS_ELECTION\n"))
        #expect(loaded.yaml.contains("  heartbeat: 100ms  # default\n"))
        #expect(loaded.yaml.contains("# join: (not set)\n"))
    }
}
