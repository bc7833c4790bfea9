import JSON
package import Logging

/// Writes each log message as one line, for people or as one JSON object.
///
/// Text: `2026-11-21T04:04:43.123Z warning replica: follower lags node=3 records=120`. Values that
/// hold spaces, quotes, `=` or control characters are in quotes, as in JSON. Metadata is sorted by
/// name. Safe on any thread if `write` and `now` are.
package struct LineLogHandler: LogHandler {
    package enum Format: Sendable {
        case text, json
    }

    private let label: String
    private let format: Format
    private let now: @Sendable () -> Int64
    private let write: @Sendable (String) -> Void
    package var logLevel: Logger.Level
    package var metadata = Logger.Metadata()
    package var metadataProvider: Logger.MetadataProvider?

    /// `now` gives milliseconds since 1970; `write` gets whole lines with their newline.
    package init(
        label: String, format: Format, level: Logger.Level,
        now: @escaping @Sendable () -> Int64 = WallClock.milliseconds,
        write: @escaping @Sendable (String) -> Void = StandardError.write
    ) {
        self.label = label
        self.format = format
        self.now = now
        self.write = write
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error { all["error"] = "\(error)" }
        let fields = all.sorted { $0.key < $1.key }
        let time = WallClock.text(now())
        switch format {
        case .text:
            var line = "\(time) \(event.level) \(label): \(Self.plain(event.message.description))"
            for (key, value) in fields {
                line += " \(key)=\(Self.word(value.description))"
            }
            write(line + "\n")
        case .json:
            var members = [
                JSONMember("time", .string(time)),
                JSONMember("level", .string(event.level.rawValue)),
                JSONMember("logger", .string(label)),
                JSONMember("message", .string(event.message.description)),
            ]
            members += fields.map { JSONMember($0.key, Self.json($0.value)) }
            write(JSONValue.object(members).text + "\n")
        }
    }

    private static func json(_ value: Logger.MetadataValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let value): .string(value.description)
        case .array(let values): .array(values.map(json))
        case .dictionary(let values):
            .object(values.sorted { $0.key < $1.key }.map { JSONMember($0.key, json($0.value)) })
        }
    }

    /// A message with its control characters escaped, so that it stays one line.
    private static func plain(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return text }
        return String(JSONValue.string(text).text.dropFirst().dropLast())
    }

    private static func word(_ text: String) -> String {
        let isPlain = !text.utf8.contains { byte in
            byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "=")
        }
        return isPlain && !text.isEmpty ? text : JSONValue.string(text).text
    }
}
