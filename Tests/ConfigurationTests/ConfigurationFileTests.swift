import Codec
import Configuration
import IOCore
import Identifiers
import Testing

/// The problems of a file, one a line, as a person sees them.
private func problems(
    _ text: String, environment: [String: String] = [:],
    flags: [(setting: Setting, text: String)] = [(.data, "/d")]
) -> String {
    var sources = ConfigurationSources()
    sources.file = ("lockstep.yaml", text)
    sources.environment = environment
    sources.flags = flags
    do {
        _ = try sources.load()
        return ""
    } catch {
        return error.description
    }
}

@Suite struct ConfigurationFileTests {
    @Test(arguments: [
        ("nod: 1", "lockstep.yaml:1:1: \"nod\" is not a key, did you mean node?; allowed: "),
        ("Timers:\n  x: 1", "lockstep.yaml:1:1: \"Timers\" is not a key, did you mean timers?;"),
        (
            "timers:\n  hartbeat: 1s",
            "lockstep.yaml:2:3: \"hartbeat\" is not a key in timers, did you mean heartbeat?;"
        ),
        ("zzz: 1", "lockstep.yaml:1:1: \"zzz\" is not a key; allowed: "),
    ])
    func `a misspelt key is told with the nearest one`(text: String, beginning: String) {
        #expect(problems(text).contains(beginning))
    }

    @Test func `a whole file is read`() throws {
        var sources = ConfigurationSources()
        sources.file = (
            "lockstep.yaml",
            """
            node: 2
            cluster: east
            data: /var/lib/lockstep
            peer:
              listen: 127.0.0.1:5011
            client:
              listen: "[::1]:5010"
              advertise: 192.0.2.7:5010
            members:
              - {id: 1, peer: 127.0.0.1:5001, client: 127.0.0.1:5000}
              - id: 2
                peer: 127.0.0.1:5011
                client: 192.0.2.7:5010
            timers: {election: 150ms, heartbeat: 30ms, disk-hang: 2s}
            limits: {cache: 64MiB, retained-log: 1GiB, connections: 7}
            triggers: {programs: /etc/lockstep/triggers}
            metrics: {listen: "off"}
            log: {level: debug, format: json}
            """
        )
        let loaded = try sources.load()
        let read = loaded.configuration
        #expect(read.node == NodeID(2))
        #expect(read.cluster == "east")
        #expect(read.dataDirectory == "/var/lib/lockstep")
        #expect(read.peer.listen == Address(host: "127.0.0.1", port: 5011))
        #expect(read.peer.advertise == read.peer.listen)
        #expect(read.client.listen == Address(host: "::1", port: 5010))
        #expect(read.client.advertise == Address(host: "192.0.2.7", port: 5010))
        #expect(read.members.map(\.id) == [NodeID(1), NodeID(2)])
        #expect(read.foundingMembers == read.members)
        #expect(read.timers.electionMilliseconds == 150)
        #expect(read.timers.heartbeatMilliseconds == 30)
        #expect(read.timers.diskHangMilliseconds == 2_000)
        #expect(read.bounds.cacheBytes == 64 << 20)
        #expect(read.bounds.rowCacheBytes == 16 << 20)
        #expect(read.limits.cachedRowBytes == 16 << 20)
        #expect(read.bounds.blockCacheBytes == 48 << 20)
        #expect(read.limits.retainedLogBytes == 1 << 30)
        #expect(read.limits.clientConnections == 7)
        #expect(read.triggerPrograms == "/etc/lockstep/triggers")
        #expect(read.metrics == nil)
        #expect(read.log.level == .debug)
        #expect(read.log.format == .json)
        #expect(loaded.origins[.diskHang] == .file("lockstep.yaml", line: 14, column: 55))
    }

    @Test func `all problems of a file are told at once, each with its place`() {
        let text = """
            node: zero
            cluster: east wing
            colour: red
            peer:
              listen: 10.0.0.1:4711
              port: 4711
            client: 4710
            timers:
              election: 1h
              heartbeat: 0ms
              disk-hang: [1s]
            limits:
              connections: 0
              cache: 12 kilo
            metrics:
              listen: 127.0.0.1
            log:
              level: loud
              format:
            """
        #expect(
            problems(text) == """
                lockstep.yaml:1:7: node must be a whole number from 1 to 9223372036854775807, not "zero"
                lockstep.yaml:2:10: cluster must be 1 to 64 letters, digits, '-', '_' or '.', not "east wing"
                lockstep.yaml:3:1: "colour" is not a key; allowed: node, cluster, data, peer, client, members, \
                join, timers, limits, triggers, metrics, log
                lockstep.yaml:5:11: peer.listen is 10.0.0.1:4711, which other machines may reach, and \
                connections are neither encrypted nor authenticated yet; listen on 127.0.0.1 or [::1] and \
                reach it through a tunnel
                lockstep.yaml:6:3: "port" is not a key in peer; allowed: listen, advertise
                lockstep.yaml:7:9: client must be a mapping with the keys listen, advertise, not a single value
                lockstep.yaml:9:13: timers.election must be a time from 10ms to 1m, with its unit (ms, s or \
                m), not "1h"
                lockstep.yaml:10:14: timers.heartbeat must be a time from 1ms to 30s, with its unit (ms, s or \
                m), not "0ms"
                lockstep.yaml:11:14: timers.disk-hang must be a time from 10ms to 1m, with its unit (ms, s or \
                m), not a list
                lockstep.yaml:13:16: limits.connections must be a whole number from 1 to 100000, not "0"
                lockstep.yaml:14:10: limits.cache must be a size from 1MiB to 1TiB (B, KiB, MiB, GiB or TiB), \
                not "12 kilo"
                lockstep.yaml:16:11: metrics.listen must be a loopback address, as 127.0.0.1:PORT or \
                [::1]:PORT, or off, not "127.0.0.1"
                lockstep.yaml:18:10: log.level must be one of trace, debug, info, notice, warning, error, \
                critical, not "loud"
                lockstep.yaml:19:10: log.format must be one of text, json, not empty
                """)
    }

    @Test(arguments: [
        (
            "a: [",
            "2:1: this is not YAML: did not find expected node content (while parsing a flow node)"
        ),
        (
            "node: 1\nnode: 2\nlog: {level: info, level: debug}",
            "3:7: level is given more than once; keep one"
        ),
        ("node: 1\nnode: 2\n", "1:1: node is given more than once; keep one"),
        (
            "- node",
            "1:1: the file must be a mapping with the keys node, cluster, data, peer, client,"
                + " members, join, timers, limits, triggers, metrics, log, not a list"
        ),
        (
            "node: 1\n\tcluster: x\n",
            "2:1: this is not YAML: found a tab character that violates indentation (while scanning"
                + " a plain scalar)"
        ),
        ("node: *x\n", "1:7: this is not YAML: found undefined alias"),
        (
            "node: 1\n---\nnode: 2\n",
            "2:1: this is not YAML: but found another document (expected a single document in the"
                + " stream)"
        ),
    ])
    func `a broken file names the place`(text: String, message: String) {
        #expect(problems(text) == "lockstep.yaml:" + message)
    }

    @Test func `members are checked field by field`() {
        let text = """
            node: 1
            members:
              - {id: 1, peer: 127.0.0.1:1, client: 127.0.0.1:2}
              - {id: 0, peer: somewhere, port: 3}
              - [2]
              - {id: 3, peer: {a: b}, client: }
            """
        #expect(
            problems(text) == """
                lockstep.yaml:4:5: members[1] has no client
                lockstep.yaml:4:10: members[1].id must be a whole number from 1 to 9223372036854775807, not "0"
                lockstep.yaml:4:19: members[1].peer must be an address, as IPV4:PORT or [IPV6]:PORT, not \
                "somewhere"
                lockstep.yaml:4:30: "port" is not a key in members[1]; allowed: id, peer, client
                lockstep.yaml:5:5: members[2] must be a mapping with the keys id, peer, client, not a list
                lockstep.yaml:6:19: members[3].peer must be an address, as IPV4:PORT or [IPV6]:PORT, not a \
                mapping
                lockstep.yaml:6:35: members[3].client must be an address, as IPV4:PORT or [IPV6]:PORT, not empty
                """)
    }

    @Test(arguments: ["", "# nothing\n", "---\n"])
    func `an empty file says nothing`(text: String) {
        #expect(problems(text) == "")
    }
}
