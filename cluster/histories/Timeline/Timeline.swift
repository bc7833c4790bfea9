import JSON

/// A history as one page of HTML that needs nothing but itself: no network, no other file.
///
/// Operations are bars by client, faults are bands, leaders are marks, and latencies are dots; findings
/// are listed and shown in their places. The page zooms, pans and thins out what is too small to see.
package struct Timeline {
    package let history: History
    package let reports: [CheckReport]
    /// Rows of a table above, such as the numbers of a verdict.
    package let rows: [(name: String, value: String)]

    /// The most characters of an argument list or a result that a page keeps.
    static let textCharacters = 120

    package init(
        _ history: History, reports: [CheckReport], rows: [(name: String, value: String)] = []
    ) {
        self.history = history
        self.reports = reports
        self.rows = rows
    }

    /// The page as text.
    package var page: String {
        let title = Self.escape("\(history.title), seed \(history.seed)")
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy"
            content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
            <title>\(title)</title>
            <style>
            \(Self.style)
            </style>
            </head>
            <body>
            <h1>\(title)</h1>
            \(tables)
            \(Self.stage)
            <script type="application/json" id="data">\(Self.inert(data.text))</script>
            <script>
            \(Self.script)
            \(Self.drawing)
            </script>
            </body>
            </html>

            """
    }

    /// Text as it may stand in HTML, also in an attribute.
    package static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    /// JSON as it may stand in a script element, which nothing inside can end then.
    static func inert(_ json: String) -> String {
        var text = ""
        for character in json.unicodeScalars {
            switch character {
            case "<": text += "\\u003c"
            case ">": text += "\\u003e"
            case "&": text += "\\u0026"
            case "\u{2028}": text += "\\u2028"
            case "\u{2029}": text += "\\u2029"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }

    // MARK: - Tables

    private var tables: String {
        var text = ""
        if !rows.isEmpty {
            text += "<table><tbody>"
            for row in rows {
                text +=
                    "<tr><th>\(Self.escape(row.name))</th><td>\(Self.escape(row.value))</td></tr>"
            }
            text += "</tbody></table>\n"
        }
        guard !reports.isEmpty else { return text }
        text +=
            "<table><thead><tr><th>checked</th><th>verdict</th><th>counted</th></tr></thead><tbody>"
        for report in reports {
            let counts = report.counts.map { "\($0.value) \($0.name)" }.joined(separator: ", ")
            let isViolated = report.findings.contains { $0.gravity == .violation }
            let verdict = report.isClean ? "clean" : isViolated ? "violated" : "not decided"
            text += "<tr><td>\(Self.escape(report.checker))</td>"
            text += "<td class=\"\(report.isClean ? "good" : "bad")\">\(verdict)</td>"
            text += "<td>\(Self.escape(counts))</td></tr>"
        }
        return text + "</tbody></table>\n"
    }

    // MARK: - Data

    /// What the script reads; times are in microseconds.
    var data: JSONValue {
        let operations = history.operations
        var names: [String: Int] = [:]
        var list: [JSONValue] = []
        func number(_ name: String) -> JSONValue {
            if let found = names[name] { return .number(found) }
            names[name] = list.count
            list.append(.string(name))
            return .number(list.count - 1)
        }
        let bars = operations.map { operation -> JSONValue in
            let call = operation.invocation
            let end = operation.end ?? history.duration
            return .array([
                .number(operation.start / 1_000), .number(end / 1_000),
                .number(call.client), .number(Self.code(operation.outcome)),
                number(call.workload), number(call.function), number(call.key),
                .string(Self.cut(call.arguments.map(\.description).joined(separator: ", "))),
                .string(Self.cut(Self.words(operation.outcome))),
            ])
        }
        return [
            "duration": .number(history.duration / 1_000), "operations": .array(bars),
            "observations": .array(observations(number)), "faults": .array(faults),
            "leaders": .array(leaders), "notes": .array(notes), "findings": .array(findings),
            "names": .array(list),
        ]
    }

    private static func code(_ outcome: Outcome) -> Int {
        switch outcome {
        case .done: 0
        case .failed: 1
        case .unknown: 2
        }
    }

    private static func words(_ outcome: Outcome) -> String {
        switch outcome {
        case .done(let result): result.description
        case .failed(let why), .unknown(let why): why
        }
    }

    private static func cut(_ text: String) -> String {
        text.count > textCharacters ? text.prefix(textCharacters) + "…" : text
    }

    private func observations(_ number: (String) -> JSONValue) -> [JSONValue] {
        history.events.compactMap { event in
            guard case .observation(let seen) = event.content else { return nil }
            return .array([
                .number(event.nanoseconds / 1_000), .number(seen.client), number(seen.workload),
                number(seen.function), .string(Self.cut(seen.value.description)),
            ])
        }
    }

    private var faults: [JSONValue] {
        var bands: [(start: UInt64, end: UInt64, fault: Fault)] = []
        for event in history.events {
            switch event.content {
            case .faultBegin(let fault):
                bands.append((event.nanoseconds, history.duration, fault))
            case .faultEnd(let number, _):
                if bands.indices.contains(number) { bands[number].end = event.nanoseconds }
            case .invocation, .completion, .observation, .leader, .note: break
            }
        }
        return bands.map { band in
            .array([
                .number(band.start / 1_000), .number(band.end / 1_000), .string(band.fault.kind),
                .array(band.fault.nodes.map { .number($0) }),
                .string(Self.cut(band.fault.details)),
            ])
        }
    }

    private var leaders: [JSONValue] {
        history.events.compactMap { event in
            guard case .leader(let node, let term) = event.content else { return nil }
            return .array([.number(event.nanoseconds / 1_000), .number(node), .number(term)])
        }
    }

    private var notes: [JSONValue] {
        history.events.compactMap { event in
            guard case .note(let text) = event.content else { return nil }
            return .array([.number(event.nanoseconds / 1_000), .string(Self.cut(text))])
        }
    }

    private var findings: [JSONValue] {
        reports.flatMap { report in
            report.findings.map { finding in
                .array([
                    .string(report.checker), .string(finding.gravity.rawValue),
                    .string(finding.text), .array(finding.operations.map { .number($0) }),
                ])
            }
        }
    }
}
