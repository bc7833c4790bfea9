import Configuration
import Node

private let sampleHeads = [
    "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9100\r\nAccept: text/plain\r\n\r\n",
    "GET /health HTTP/1.0\n\n",
    "POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "GET /nothing HTTP/1.1\r\n\r\n",
    "\r\n\r\n",
    "GET /metrics HTTP/1.1\r\nX: " + String(repeating: "x", count: 4_100),
]

/// The verdict must be the same in whatever pieces a head comes, and be there once it is long enough.
private func decodeHead(_ input: [UInt8]) {
    guard let step = input.first else { return }
    let bytes = Array(input.dropFirst())
    var whole = RequestHead()
    let verdict = whole.received(bytes)
    precondition(
        verdict != nil || bytes.count <= RequestHead.mostBytes, "\(bytes.count) bytes, undecided")
    var pieces = RequestHead()
    var found: RequestHead.Asked?
    var rest = bytes[...]
    while !rest.isEmpty {
        let said = pieces.received(Array(rest.prefix(Int(step) + 1)))
        precondition(found == nil || said == nil, "decided twice")
        found = found ?? said
        rest = rest.dropFirst(Int(step) + 1)
    }
    precondition(
        found == verdict, "\(verdict, default: "nothing") and \(found, default: "nothing")")
}

private let sampleConfigurations = [
    """
    node: 1
    cluster: test
    data: /tmp/one
    peer: {listen: "127.0.0.1:7001", advertise: "127.0.0.1:7001"}
    client:
      listen: "127.0.0.1:7000"
    members:
      - {id: 1, peer: "127.0.0.1:7001", client: "127.0.0.1:7000"}
      - {id: 2, peer: "127.0.0.1:7011", client: "127.0.0.1:7010"}
    timers: {election: 150ms, heartbeat: 30ms, disk-hang: 1s}
    limits: {cache: 64MiB, retained-log: 1GiB, connections: 100}
    triggers: {programs: /tmp/programs}
    metrics: {listen: "off"}
    log: {level: debug, format: json}
    """,
    "data: &place /tmp/one\ntriggers: {programs: *place}\n",
    "members: \"1=127.0.0.1:1/127.0.0.1:2\"\n# nothing\ntimers:\n",
    "node: 1\nnode: 2\nnodde: [1, {a: b}]\ntimers: {election: soon}\n",
    "node: [1\n",
]

/// Every text is a configuration or problems with their places; and what a configuration is printed
/// as is one again, and the same.
private func decodeConfiguration(_ input: [UInt8]) {
    var sources = ConfigurationSources()
    sources.file = ("fuzzed.yaml", String(decoding: input, as: UTF8.self))
    let loaded: LoadedConfiguration
    do throws(ConfigurationFailure) {
        loaded = try sources.load()
    } catch {
        precondition(!error.problems.isEmpty && !"\(error)".isEmpty, "refused without a reason")
        return
    }
    sources.file = ("printed.yaml", loaded.yaml)
    do throws(ConfigurationFailure) {
        let again = try sources.load()
        precondition(
            again.configuration == loaded.configuration,
            "\(loaded.configuration) came back as \(again.configuration)")
    } catch {
        preconditionFailure("what was printed is refused: \(error)\n\(loaded.yaml)")
    }
}

let nodeDecoders = [
    FuzzedDecoder(
        name: "request-head",
        seeds: { sampleHeads.flatMap { [[0] + Array($0.utf8), [200] + Array($0.utf8)] } },
        decode: decodeHead),
    FuzzedDecoder(
        name: "configuration",
        seeds: { sampleConfigurations.map { Array($0.utf8) } }, decode: decodeConfiguration),
]
