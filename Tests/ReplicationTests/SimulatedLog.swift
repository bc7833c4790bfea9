import Logging

/// Keeps what one simulated node logs as errors.
struct SimulatedLog: LogHandler {
    let node: SimulatedNode
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.error

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        node.errors.append("\(event.message)")
    }
}
