package import Properties

/// What follows a property in *setprop* and *addpropvalue*: `[type:] value`, or `[type:] (v1 v2 …)`.
///
/// In a list, and round a value that has blanks, a text stands in double quotes, in which a
/// backslash takes the next character as it is.
package struct PropertyAssignment: Sendable, Equatable {
    /// As it was written: a property, or a group and a property.
    package let target: String
    package let type: PropertyType?
    package let values: [String]

    /// Reads `target = [type:] values`, as the words of a command line.
    package init(assignment words: [String]) throws(CommandFailure) {
        let text = words.joined(separator: " ")
        guard let sign = text.firstIndex(of: "=") else {
            throw CommandFailure(
                .usage, "\"\(text)\" assigns nothing; write GROUP/PROPERTY = [TYPE:] VALUE")
        }
        try self.init(
            target: Self.trimmed(text[..<sign]), Self.trimmed(text[text.index(after: sign)...]),
            words)
    }

    /// Reads `target [type:] values`, as the words of a command line.
    package init(addition words: [String]) throws(CommandFailure) {
        guard let target = words.first, words.count > 1 else {
            throw CommandFailure(.usage, "write GROUP/PROPERTY [TYPE:] VALUE")
        }
        try self.init(
            target: target[...], Self.trimmed(words.dropFirst().joined(separator: " ")[...]),
            words)
    }

    private init(
        target: Substring, _ text: Substring, _ words: [String]
    ) throws(CommandFailure) {
        self.target = String(target)
        var rest = text
        (type, rest) = try Self.type(of: rest)
        guard rest.first == "(" || rest.first == "\"" else {
            // A value with blanks came as one word, or it would be several values.
            let isOneWord =
                !rest.contains(where: \.isWhitespace) || words.last?.hasSuffix(rest) == true
            guard isOneWord, !rest.isEmpty else {
                throw CommandFailure(
                    .usage,
                    rest.isEmpty
                        ? "\(target) is given no value; write \"\" for an empty one, () for none"
                        : "write several values as (VALUE VALUE), or one with blanks as \"VALUE\", "
                            + "with quotes that the shell leaves")
            }
            values = [String(rest)]
            return
        }
        var reader = ValueReader(rest: rest)
        values = try reader.values()
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    /// The type in front, and what is behind it; a word and a colon before a blank, a quote, or a list.
    private static func type(
        of text: Substring
    ) throws(CommandFailure) -> (PropertyType?, Substring) {
        guard let colon = text.firstIndex(of: ":") else { return (nil, text) }
        let name = text[..<colon]
        let rest = text[text.index(after: colon)...]
        let isWord = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        let isEnded = rest.first.map { $0.isWhitespace || $0 == "(" || $0 == "\"" } ?? true
        guard isWord, isEnded, !name.isEmpty else { return (nil, text) }
        if let type = PropertyType(name: String(name)) { return (type, trimmed(rest)) }
        let known = PropertyType.allCases.map(\.description).joined(separator: ", ")
        throw CommandFailure(.usage, "\"\(name)\" is no type; the types are \(known)")
    }
}

/// Reads quoted texts and lists of texts.
private struct ValueReader {
    var rest: Substring

    mutating func values() throws(CommandFailure) -> [String] {
        guard rest.first == "(" else {
            let text = try quoted()
            guard rest.isEmpty else {
                throw CommandFailure(
                    .usage, "\"\(rest)\" follows a value; write several as (VALUE VALUE)")
            }
            return [text]
        }
        rest.removeFirst()
        var values: [String] = []
        while true {
            rest = rest.drop(while: \.isWhitespace)
            guard let first = rest.first else {
                throw CommandFailure(.usage, "a list of values is not closed by )")
            }
            if first == ")" {
                rest.removeFirst()
                guard rest.allSatisfy(\.isWhitespace) else {
                    throw CommandFailure(.usage, "\"\(rest)\" follows the list of values")
                }
                return values
            }
            if first == "\"" {
                values.append(try quoted())
            } else {
                let word = rest.prefix { !$0.isWhitespace && $0 != ")" }
                rest = rest.dropFirst(word.count)
                values.append(String(word))
            }
        }
    }

    private mutating func quoted() throws(CommandFailure) -> String {
        rest.removeFirst()
        var text = ""
        while let next = rest.popFirst() {
            if next == "\"" { return text }
            guard next == "\\" else {
                text.append(next)
                continue
            }
            if let taken = rest.popFirst() { text.append(taken) }
        }
        throw CommandFailure(.usage, "a value is not closed by a quote")
    }
}
