/// One thing that is wrong with a configuration: where it stands, and what is allowed there.
package struct Problem: Sendable, Equatable, CustomStringConvertible {
    package let origin: Origin
    package let message: String

    package init(_ origin: Origin, _ message: String) {
        self.origin = origin
        self.message = message
    }

    package var description: String {
        "\(origin): \(message)"
    }
}

/// Where a setting's value was given; lines and columns count from 1.
package enum Origin: Sendable, Equatable, CustomStringConvertible {
    case standard
    case file(String, line: Int, column: Int)
    case environment(String)
    case flag(String)
    /// Several settings taken together.
    case configuration

    package var description: String {
        switch self {
        case .standard: "default"
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .environment(let name): name
        case .flag(let name): name
        case .configuration: "configuration"
        }
    }
}

extension Problem {
    /// Whether this stands before `other` in a file; problems outside files keep their order.
    static func isEarlier(_ problem: Problem, than other: Problem) -> Bool {
        guard case .file(_, let line, let column) = problem.origin,
            case .file(_, let otherLine, let otherColumn) = other.origin
        else { return false }
        return (line, column) < (otherLine, otherColumn)
    }
}

/// All that is wrong with a configuration, in the order file, environment, flags, combinations.
package struct ConfigurationFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let problems: [Problem]

    package init(_ problems: [Problem]) {
        precondition(!problems.isEmpty, "a failure with no problem")
        self.problems = problems
    }

    /// One problem a line.
    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

/// Why one value cannot be taken; worded so that the setting's name can stand before it.
struct ValueFailure: Error {
    let message: String

    /// "must be <allowed>, not <found>".
    init(allowed: String, found: String) {
        message = "must be \(allowed), not \(ValueFailure.quoted(found))"
    }

    init(_ message: String) {
        self.message = message
    }

    /// The value in quotes, cut to a length that fits a line, control characters made visible.
    static func quoted(_ text: String) -> String {
        var shown = ""
        for character in text.unicodeScalars.prefix(60) {
            shown.unicodeScalars.append(
                contentsOf: character.escaped(asASCII: false).unicodeScalars)
        }
        return "\"\(shown)\(text.unicodeScalars.count > 60 ? "…" : "")\""
    }
}
