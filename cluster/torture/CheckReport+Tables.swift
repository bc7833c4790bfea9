import Histories
import JSON
import TextOutput

/// Checkers' reports as tables and JSON, the same for a run and for a history that was kept.
extension [CheckReport] {
    /// A line for each checker; nothing without any.
    var table: String {
        guard !isEmpty else { return "" }
        var table = Table([.init("checker"), .init("findings", .right), .init("counted")])
        for report in self {
            let counts = report.counts.map { "\($0.value) \($0.name)" }
            table.append([
                report.checker, "\(report.findings.count)", counts.joined(separator: ", "),
            ])
        }
        return table.text + "\n"
    }

    /// What was found, each in a line.
    var findingTexts: [String] {
        flatMap { report in
            report.findings.map { "\(report.checker): \($0.gravity.rawValue): \($0.text)" }
        }
    }

    var json: JSONValue {
        .array(
            map { report in
                .object(
                    [
                        JSONMember("checker", .string(report.checker)),
                        JSONMember("findings", .number(report.findings.count)),
                    ]
                        + report.counts.map {
                            JSONMember(JSONMember.key(of: $0.name), .number($0.value))
                        })
            })
    }
}

extension JSONMember {
    /// The key of a row of a table: `unknown, executed` as `unknown_executed`.
    static func key(of name: String) -> String {
        name.split { !$0.isLetter }.joined(separator: "_")
    }
}
