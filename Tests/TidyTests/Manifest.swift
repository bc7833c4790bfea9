/// The targets of `Package.swift`, read from its text.
///
/// The list is written in one place and one shape: a comment `// Floor N: …` or `// Beside …`, then
/// calls whose first argument is the name.
struct Manifest {
    struct Target {
        let name: String
        let kind: String
        /// The floor of the comment above it; nil beside the house.
        let floor: Int?
        let dependencies: [String]
        let path: String?

        var isTest: Bool {
            kind == "tests" || kind == "testTarget"
        }

        /// Nobody can import it, so nothing in it is public to anybody.
        var isExecutable: Bool {
            kind == "executable" || kind == "executableTarget"
        }

        /// Where its sources are.
        var folder: String {
            path ?? (isTest ? "Tests/" : "Sources/") + name
        }
    }

    let targets: [Target]

    init(_ text: String) {
        let list = Self.targetLines(text)
        var found: [Target] = []
        var floor: Int?
        var call = ""
        for line in list {
            if let comment = line.firstRange(of: "//") {
                let words = line[comment.upperBound...].split { !$0.isLetter && !$0.isNumber }
                if call.isEmpty, let first = words.first,
                    ["Floor", "Floors", "Beside"].contains(first)
                {
                    floor = Self.floor(words)
                }
            }
            call += Self.withoutComment(line) + "\n"
            guard !call.allSatisfy(\.isWhitespace) else {
                call = ""
                continue
            }
            if Self.isBalanced(call), let target = Self.target(call, floor: floor) {
                found.append(target)
                call = ""
            }
        }
        targets = found
    }

    func target(named name: String) -> Target? {
        targets.first { $0.name == name }
    }

    /// The lines between `targets: [` and the bracket that closes it.
    private static func targetLines(_ text: String) -> [Substring] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let open = lines.firstIndex(where: { $0.hasSuffix(" targets: [") }) else { return [] }
        let indentation = lines[open].prefix { $0 == " " }
        return Array(
            lines[(open + 1)...].prefix { $0 != indentation + "]" && $0 != indentation + "]," })
    }

    /// The number behind "Floor"; behind "Floors", as in "Floors 4 and 5", the greatest.
    private static func floor(_ words: [Substring]) -> Int? {
        switch words.first {
        case "Floor": words.dropFirst().first.flatMap { Int($0) }
        case "Floors": words.compactMap { Int($0) }.max()
        default: nil
        }
    }

    private static func withoutComment(_ line: Substring) -> Substring {
        guard let comment = line.firstRange(of: "//") else { return line }
        return line[..<comment.lowerBound]
    }

    private static func isBalanced(_ text: String) -> Bool {
        var depth = 0
        for character in text {
            if "([".contains(character) { depth += 1 }
            if ")]".contains(character) { depth -= 1 }
        }
        return depth == 0 && text.contains(")")
    }

    /// Reads `kind("Name", ["Dependency", …], label: …)`.
    private static func target(_ call: String, floor: Int?) -> Target? {
        guard let open = call.firstIndex(of: "("), let close = call.lastIndex(of: ")") else {
            return nil
        }
        let kind = call[..<open].filter { $0.isLetter }
        let arguments = split(call[call.index(after: open)..<close])
        guard let first = arguments.first, let name = literals(first).first else { return nil }
        var dependencies: [String] = []
        if let list = arguments.dropFirst().first(where: {
            $0.hasPrefix("[") || $0.hasPrefix("dependencies:")
        }) {
            dependencies = dependencyNames(list)
        }
        let path = arguments.first { $0.hasPrefix("path:") }.flatMap { literals($0).first }
        let isHelper = kind == "tests"
        return Target(
            name: isHelper ? name + "Tests" : name, kind: kind, floor: floor,
            dependencies: isHelper ? [name] + dependencies : dependencies, path: path)
    }

    /// The arguments of a call, split at the commas outside brackets.
    private static func split(_ text: Substring) -> [String] {
        var arguments = [""]
        var depth = 0
        for character in text {
            if "([".contains(character) { depth += 1 }
            if ")]".contains(character) { depth -= 1 }
            if character == ",", depth == 0 {
                arguments.append("")
            } else {
                arguments[arguments.count - 1].append(character)
            }
        }
        return arguments.map { String($0.drop(while: \.isWhitespace)) }
    }

    /// The names in a list of dependencies; of `.product(name: "X", package: "y")` it is `X`.
    private static func dependencyNames(_ list: String) -> [String] {
        guard let open = list.firstIndex(of: "["), let close = list.lastIndex(of: "]") else {
            return []
        }
        return split(list[list.index(after: open)..<close]).compactMap { literals($0).first }
    }

    private static func literals(_ text: String) -> [String] {
        let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.indices.filter { $0 % 2 == 1 }.map { String(parts[$0]) }
    }
}
