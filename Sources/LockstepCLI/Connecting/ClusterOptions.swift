import ArgumentParser
import JSON
import Lockstep

/// The options that every command has which talks to a cluster.
struct ClusterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Some nodes' client addresses, apart by commas (LOCKSTEP_ENDPOINTS).",
            valueName: "host:port,…"))
    var endpoints: String?

    @Option(help: ArgumentHelp("How long one call may take.", valueName: "seconds"))
    var timeout: Double = 10

    @Flag(help: "Write JSON.")
    var json = false

    init() {}

    func validate() throws {
        guard timeout > 0, timeout <= 86_400 else {
            throw ValidationError("--timeout must be over 0 and at most 86400 seconds.")
        }
        do throws(CommandFailure) {
            _ = try nodes()
        } catch {
            throw ValidationError(error.text)
        }
    }

    /// The endpoints that were given, or the default.
    func nodes() throws(CommandFailure) -> [Endpoint] {
        try Self.parse(endpoints ?? Streams.environment("LOCKSTEP_ENDPOINTS") ?? "127.0.0.1:4710")
    }

    /// Reads `host:port,host:port`.
    static func parse(_ list: String) throws(CommandFailure) -> [Endpoint] {
        var nodes: [Endpoint] = []
        for text in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let endpoint = Endpoint(String(text)), endpoint.port > 0 else {
                throw CommandFailure(
                    .usage, "an endpoint is HOST:PORT or [IPV6]:PORT, not \"\(text)\"")
            }
            nodes.append(endpoint)
        }
        return nodes
    }

    var timeoutDuration: Duration {
        .milliseconds(max(1, Int64(timeout * 1_000)))
    }

    func configuration() throws(CommandFailure) -> ClientConfiguration {
        var configuration = ClientConfiguration(endpoints: try nodes())
        configuration.name = "lockstep command"
        configuration.requestTimeout = timeoutDuration
        configuration.connectTimeout = min(timeoutDuration, .seconds(2))
        return configuration
    }

    /// Runs `body` with a client that is closed afterwards.
    func withClient<Result>(
        _ adjust: (inout ClientConfiguration) -> Void = { _ in },
        _ body: (LockstepClient) async throws -> Result
    ) async throws -> Result {
        var configuration = try configuration()
        adjust(&configuration)
        let client = try LockstepClient(configuration: configuration)
        defer { client.close() }
        return try await body(client)
    }

    /// Writes the JSON if that is wanted, else the text.
    func show(_ value: @autoclosure () -> JSONValue, text: @autoclosure () -> String) throws {
        try Streams.write(json ? value().indentedText + "\n" : text())
    }
}
