/// The text of one Swift file with everything that is not code blanked out.
///
/// Comments, the contents of string literals and raw identifiers become spaces; line breaks and the
/// quotes themselves stay, so that every offset and line number is that of the file. What stands in
/// an interpolation is code and stays.
struct MaskedSource {
    let code: [UInt8]

    init(_ text: String) {
        var masker = Masker(bytes: Array(text.utf8))
        masker.run()
        code = masker.output
    }

    var lines: [Substring] {
        String(decoding: code, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
    }

    /// The number of the line, from 1, that holds `offset`.
    func line(at offset: Int) -> Int {
        code[..<offset].reduce(1) { $1 == ASCII.newline ? $0 + 1 : $0 }
    }

    /// The bytes that may be part of an identifier or keyword.
    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A, 0x80...: true
        default: false
        }
    }

    /// Every word of the code with its offset, in order.
    var words: [(text: String, offset: Int)] {
        var found: [(text: String, offset: Int)] = []
        var start: Int?
        for (offset, byte) in code.enumerated() {
            if Self.isWord(byte) {
                start = start ?? offset
            } else if let first = start {
                found.append((String(decoding: code[first..<offset], as: UTF8.self), first))
                start = nil
            }
        }
        if let first = start {
            found.append((String(decoding: code[first...], as: UTF8.self), first))
        }
        return found
    }
}

/// The ASCII bytes that the checks look for.
enum ASCII {
    static let newline = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let quote = UInt8(ascii: "\"")
    static let hash = UInt8(ascii: "#")
    static let slash = UInt8(ascii: "/")
    static let star = UInt8(ascii: "*")
    static let backslash = UInt8(ascii: "\\")
    static let backtick = UInt8(ascii: "`")
    static let openParenthesis = UInt8(ascii: "(")
    static let closeParenthesis = UInt8(ascii: ")")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")
    static let exclamation = UInt8(ascii: "!")
    static let equals = UInt8(ascii: "=")
}

/// Walks over a file once, copying code and blanking the rest.
private struct Masker {
    let bytes: [UInt8]
    var output: [UInt8] = []
    var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
        output.reserveCapacity(bytes.count)
    }

    mutating func run() {
        code(untilClosingParenthesis: false)
    }

    private func byte(_ ahead: Int) -> UInt8 {
        position + ahead < bytes.count ? bytes[position + ahead] : 0
    }

    private mutating func keep() {
        output.append(bytes[position])
        position += 1
    }

    private mutating func blank() {
        output.append(bytes[position] == ASCII.newline ? ASCII.newline : ASCII.space)
        position += 1
    }

    /// Copies code up to the end of the file, or up to the parenthesis that ends an interpolation.
    private mutating func code(untilClosingParenthesis: Bool) {
        var depth = 0
        while position < bytes.count {
            switch byte(0) {
            case ASCII.slash where byte(1) == ASCII.slash: lineComment()
            case ASCII.slash where byte(1) == ASCII.star: blockComment()
            case ASCII.backtick: rawIdentifier()
            case ASCII.quote: string(hashes: 0)
            case ASCII.hash:
                let hashes = run(of: ASCII.hash)
                if byte(hashes) == ASCII.quote {
                    for _ in 0..<hashes { keep() }
                    string(hashes: hashes)
                } else {
                    keep()
                }
            case ASCII.openParenthesis:
                depth += 1
                keep()
            case ASCII.closeParenthesis:
                depth -= 1
                if untilClosingParenthesis, depth < 0 { return }
                keep()
            default: keep()
            }
        }
    }

    private func run(of wanted: UInt8) -> Int {
        var count = 0
        while byte(count) == wanted { count += 1 }
        return count
    }

    private mutating func lineComment() {
        while position < bytes.count, byte(0) != ASCII.newline { blank() }
    }

    /// Block comments nest.
    private mutating func blockComment() {
        var depth = 0
        while position < bytes.count {
            if byte(0) == ASCII.slash, byte(1) == ASCII.star {
                depth += 1
                blank()
                blank()
            } else if byte(0) == ASCII.star, byte(1) == ASCII.slash {
                depth -= 1
                blank()
                blank()
                if depth == 0 { return }
            } else {
                blank()
            }
        }
    }

    /// What stands between backticks becomes the letter `r`, once a byte, so that a declaration
    /// still has a name.
    private mutating func rawIdentifier() {
        keep()
        while position < bytes.count, byte(0) != ASCII.backtick {
            output.append(UInt8(ascii: "r"))
            position += 1
        }
        if position < bytes.count { keep() }
    }

    /// A literal whose opening quote is next, after `hashes` number signs.
    private mutating func string(hashes: Int) {
        let quotes = byte(1) == ASCII.quote && byte(2) == ASCII.quote ? 3 : 1
        for _ in 0..<quotes { keep() }
        while position < bytes.count {
            if isDelimiter(quotes: quotes, hashes: hashes) {
                for _ in 0..<(quotes + hashes) { keep() }
                return
            }
            guard byte(0) == ASCII.backslash, hasHashes(hashes, at: 1) else {
                blank()
                continue
            }
            for _ in 0...hashes { blank() }
            if byte(0) == ASCII.openParenthesis {
                keep()
                code(untilClosingParenthesis: true)
                if position < bytes.count { keep() }
            } else if position < bytes.count {
                blank()
            }
        }
    }

    private func isDelimiter(quotes: Int, hashes: Int) -> Bool {
        (0..<quotes).allSatisfy { byte($0) == ASCII.quote } && hasHashes(hashes, at: quotes)
    }

    private func hasHashes(_ count: Int, at start: Int) -> Bool {
        (0..<count).allSatisfy { byte(start + $0) == ASCII.hash }
    }
}
