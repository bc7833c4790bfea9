import IOCore
import Logging

/// Keeps what is logged, and wakes who waits for a line.
final class LogCapture: Sendable {
    private struct State {
        var lines: [String] = []
        var waiters: [(text: String, resume: @Sendable () -> Void)] = []
    }

    private let state = Locked(State())

    var lines: [String] {
        state.withLock { $0.lines }
    }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in CaptureHandler(capture: self) }
        logger.logLevel = .info
        return logger
    }

    /// Returns once a line that contains `text` has been logged.
    func line(with text: String) async -> String {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.lines.contains(where: { $0.contains(text) }) { return true }
                state.waiters.append((text, { continuation.resume() }))
                return false
            }
            if isThere { continuation.resume() }
        }
        return lines.first { $0.contains(text) } ?? ""
    }

    fileprivate func append(_ line: String) {
        let woken = state.withLock { state in
            state.lines.append(line)
            let woken = state.waiters.filter { line.contains($0.text) }
            state.waiters.removeAll { line.contains($0.text) }
            return woken
        }
        for waiter in woken { waiter.resume() }
    }
}

private struct CaptureHandler: LogHandler {
    let capture: LogCapture
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }
        capture.append(
            "\(event.level): \(event.message) \(fields.joined(separator: " "))")
    }
}
