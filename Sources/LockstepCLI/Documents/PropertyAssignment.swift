package import Properties
import Wording

/// Scalars, for a sign that is followed by a combining mark is still that sign.
private typealias Scalars = Substring.UnicodeScalarView

/// Whether a character parts words: of the blanks those alone that a listing quotes.
private func isBlank(_ scalar: Unicode.Scalar) -> Bool {
    scalar == " " || scalar == "\t" || scalar == "\n"
}

/// What follows a property in *setprop* and *addpropvalue*: `[type:] value`, or `[type:] (v1 v2 …)`.
///
/// In a list, and round a value that has blanks, a text stands in double quotes. In quotes, and in a
/// list outside of them too, a backslash takes the next character as it is; so a list reads what
/// *listprop* writes. A value that is a word of the command line by itself is taken as it is.
package struct PropertyAssignment: Sendable, Equatable {
    /// As it was written: a property, or a group and a property.
    package let target: String
    package let type: PropertyType?
    package let values: [String]

    /// Reads `target = [type:] values`, as the words of a command line.
    package init(assignment words: [String]) throws(CommandFailure) {
        let text = Self.scalars(words.joined(separator: " "))
        guard let sign = text.firstIndex(of: "=") else {
            throw CommandFailure(
                .usage,
                "\(Words.quoted(String(text))) assigns nothing; "
                    + "write GROUP/PROPERTY = [TYPE:] VALUE")
        }
        try self.init(
            target: String(Self.trimmed(text[..<sign])), text[text.index(after: sign)...], words)
    }

    /// Reads `target [type:] values`, as the words of a command line.
    package init(addition words: [String]) throws(CommandFailure) {
        guard let target = words.first, words.count > 1 else {
            throw CommandFailure(.usage, "write GROUP/PROPERTY [TYPE:] VALUE")
        }
        guard words[1] != "=" || words.count == 2 else {
            throw CommandFailure(
                .usage,
                "addpropvalue takes no =, which is setprop's; write GROUP/PROPERTY [TYPE:] VALUE")
        }
        try self.init(
            target: target, Self.scalars(words.dropFirst().joined(separator: " ")), words)
    }

    /// `text` is what stands behind the target, a blank between two words.
    private init(
        target: String, _ text: Scalars, _ words: [String]
    ) throws(CommandFailure) {
        self.target = target
        let last = Self.scalars(words.last ?? "")
        // Blanks in a word of the command line are the value's own, if the word is nothing else.
        let front = try Self.type(of: Self.trimmed(text.dropLast(last.count)))
        var isWhole = text.count >= last.count && front.1.isEmpty
        // A type may begin the word, too, if it is not in front already.
        if isWhole, front.0 == nil { isWhole = try Self.type(of: last).0 == nil }
        let rest: Scalars
        if isWhole {
            (type, rest) = (front.0, last)
        } else {
            (type, rest) = try Self.type(of: Self.trimmed(text))
        }
        guard rest.first == "(" || rest.first == "\"" else {
            // A value with blanks came as one word, or it would be several values.
            let isOneWord =
                !rest.contains(where: isBlank) || last.reversed().starts(with: rest.reversed())
            guard isOneWord, !rest.isEmpty else {
                throw CommandFailure(
                    .usage,
                    rest.isEmpty
                        ? "\(target) is given no value; write \"\" for an empty one, () for none"
                        : words.contains("-s")
                            ? "options such as -s stand in front of \(target)"
                            : "write several values as (VALUE VALUE), or one with blanks as "
                                + "\"VALUE\", with quotes that the shell leaves")
            }
            if type == nil { try Self.checkUnspaced(rest) }
            values = [String(rest)]
            return
        }
        var reader = ValueReader(rest: Self.trimmed(rest))
        values = try reader.values()
    }

    private static func scalars(_ text: String) -> Scalars {
        text[...].unicodeScalars
    }

    private static func trimmed(_ text: Scalars) -> Scalars {
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return text
    }

    /// Throws where a word begins with a type and a colon, which may be parts of the value.
    private static func checkUnspaced(_ text: Scalars) throws(CommandFailure) {
        guard let colon = text.firstIndex(of: ":"), colon != text.startIndex,
            PropertyType(name: String(text[..<colon])) != nil
        else { return }
        let rest = text[text.index(after: colon)...]
        throw CommandFailure(
            .usage,
            "\(Words.quoted(String(text))) may be a value with its type, or a value alone; write "
                + "\(String(text[...colon])) \(String(rest)) for the former, and for the latter its own type and a "
                + "blank before it, or quotes that the shell leaves")
    }

    /// The type in front, and what is behind it; a word and a colon before a blank, a quote, or a list.
    private static func type(
        of text: Scalars
    ) throws(CommandFailure) -> (PropertyType?, Scalars) {
        guard let colon = text.firstIndex(of: ":") else { return (nil, text) }
        let name = text[..<colon]
        let rest = text[text.index(after: colon)...]
        let isWord = name.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                || $0 == "_"
        }
        let isEnded = rest.first.map { isBlank($0) || $0 == "(" || $0 == "\"" } ?? true
        guard isWord, isEnded, !name.isEmpty else { return (nil, text) }
        if let type = PropertyType(name: String(name)) { return (type, trimmed(rest)) }
        let known = PropertyType.allCases.map(\.description).joined(separator: ", ")
        throw CommandFailure(
            .usage,
            "\(Words.quoted(String(name))) is no type; the types are \(known); a value that begins so wants "
                + "quotes that the shell leaves")
    }
}

/// Reads quoted texts and lists of texts.
private struct ValueReader {
    var rest: Scalars

    mutating func values() throws(CommandFailure) -> [String] {
        guard rest.first == "(" else {
            let text = try quoted()
            guard rest.isEmpty else {
                throw CommandFailure(
                    .usage,
                    "\(Words.quoted(String(rest))) follows a value; write several as (VALUE VALUE)")
            }
            return [text]
        }
        rest.removeFirst()
        var values: [String] = []
        while true {
            rest = rest.drop(while: isBlank)
            guard let first = rest.first else {
                throw CommandFailure(.usage, "a list of values is not closed by )")
            }
            if first == ")" {
                rest.removeFirst()
                guard rest.allSatisfy(isBlank) else {
                    throw CommandFailure(
                        .usage, "\(Words.quoted(String(rest))) follows the list of values")
                }
                return values
            }
            if first == "\"" {
                values.append(try quoted())
                guard rest.first.map({ isBlank($0) || $0 == ")" }) ?? true else {
                    throw CommandFailure(
                        .usage,
                        "\(Words.quoted(String(rest))) follows a quote; put a blank between values")
                }
            } else {
                values.append(word())
            }
        }
    }

    private mutating func word() -> String {
        var text = String.UnicodeScalarView()
        while let next = rest.first, !isBlank(next), next != ")" {
            rest.removeFirst()
            // Behind a backslash at the very end the list is not closed, which is told then.
            text.append(next == "\\" ? rest.popFirst() ?? next : next)
        }
        return String(text)
    }

    private mutating func quoted() throws(CommandFailure) -> String {
        rest.removeFirst()
        var text = String.UnicodeScalarView()
        while let next = rest.popFirst() {
            if next == "\"" { return String(text) }
            guard next == "\\" else {
                text.append(next)
                continue
            }
            if let taken = rest.popFirst() { text.append(taken) }
        }
        throw CommandFailure(.usage, "a value is not closed by a quote")
    }
}
