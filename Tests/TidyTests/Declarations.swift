/// A function, initialiser, accessor block or the like, with the lines it takes.
struct Body: Equatable {
    let name: String
    let firstLine: Int
    let lineCount: Int
}

/// A module that a file imports.
struct Import: Equatable {
    let module: String
    let line: Int
}

extension MaskedSource {
    /// Everything with a body that a reader has to take in at once: functions, initialisers,
    /// subscripts, computed properties.
    var bodies: [Body] {
        words.compactMap { word in
            guard ["func", "init", "deinit", "subscript", "var"].contains(word.text) else {
                return nil
            }
            return body(of: word.text, at: word.offset)
        }
    }

    private func body(of keyword: String, at offset: Int) -> Body? {
        if keyword == "init", offset > 0, code[offset - 1] == UInt8(ascii: ".") { return nil }
        guard let open = openingBrace(after: offset + keyword.utf8.count),
            let close = closingBrace(of: open)
        else { return nil }
        let first = line(at: offset)
        let name = code[offset..<open].prefix { $0 != ASCII.newline }
        return Body(
            name: String(decoding: name, as: UTF8.self), firstLine: first,
            lineCount: line(at: close) - first + 1)
    }

    /// The brace that opens the body of the declaration that goes on at `start`; nil if it has none.
    ///
    /// A declaration ends with its line, unless brackets are open or the next line can only be its
    /// continuation.
    private func openingBrace(after start: Int) -> Int? {
        var depth = 0
        for offset in start..<code.count {
            switch code[offset] {
            case ASCII.openParenthesis, UInt8(ascii: "["): depth += 1
            case ASCII.closeParenthesis, UInt8(ascii: "]"): depth -= 1
            case ASCII.openBrace where depth == 0: return offset
            case ASCII.closeBrace where depth == 0: return nil
            case ASCII.equals where depth == 0:
                // `var x = …` has no body; `==` and `>=` may stand in a `where` clause.
                guard isDoubledEquals(at: offset) else { return nil }
            case ASCII.newline where depth == 0:
                guard continues(after: offset) else { return nil }
            default: break
            }
            if depth < 0 { return nil }
        }
        return nil
    }

    private func isDoubledEquals(at offset: Int) -> Bool {
        let before = offset > 0 ? code[offset - 1] : 0
        let after = offset + 1 < code.count ? code[offset + 1] : 0
        return before == ASCII.equals || after == ASCII.equals
    }

    private func continues(after newline: Int) -> Bool {
        let rest = code[(newline + 1)...].drop { $0 == ASCII.space || $0 == ASCII.newline }
        let next = String(decoding: rest.prefix(7), as: UTF8.self)
        if ["{", "->", "where ", "throws", "async ", "rethrow"].contains(where: next.hasPrefix) {
            return true
        }
        let last = code[..<newline].last { $0 != ASCII.space }
        return last == UInt8(ascii: ",") || last == UInt8(ascii: ">") && endsInArrow(newline)
    }

    private func endsInArrow(_ newline: Int) -> Bool {
        let text = code[..<newline].reversed().drop { $0 == ASCII.space }.prefix(2)
        return Array(text) == [UInt8(ascii: ">"), UInt8(ascii: "-")]
    }

    private func closingBrace(of open: Int) -> Int? {
        var depth = 0
        for offset in open..<code.count {
            if code[offset] == ASCII.openBrace { depth += 1 }
            if code[offset] == ASCII.closeBrace {
                depth -= 1
                if depth == 0 { return offset }
            }
        }
        return nil
    }

    /// The modules imported, whatever the access level, attributes and kind in the declaration.
    var imports: [Import] {
        lines.enumerated().compactMap { number, line in
            let parts = line.split { !Self.isWord($0.utf8.first ?? 0) }
            guard let place = parts.firstIndex(of: "import"), place + 1 < parts.count else {
                return nil
            }
            let before = ["package", "public", "internal", "private", "fileprivate"]
            let attributes = ["preconcurrency", "_exported", "_implementationOnly", "testable"]
            guard
                parts[..<place].allSatisfy({
                    before.contains("\($0)") || attributes.contains("\($0)")
                })
            else { return nil }
            let kinds = ["struct", "class", "enum", "protocol", "func", "typealias", "var", "let"]
            let isKind = kinds.contains("\(parts[place + 1])") && place + 2 < parts.count
            return Import(module: "\(parts[place + (isKind ? 2 : 1)])", line: number + 1)
        }
    }

    /// The names of types declared outside any braces.
    var topLevelTypes: [String] {
        let kinds = ["struct", "class", "enum", "actor", "protocol", "typealias"]
        let all = words
        let depths = braceDepths(at: all.map(\.offset))
        return all.indices.dropLast().compactMap { place in
            kinds.contains(all[place].text) && depths[place] == 0 ? all[place + 1].text : nil
        }
    }

    /// How many braces are open at each of `offsets`, which ascend.
    private func braceDepths(at offsets: [Int]) -> [Int] {
        var depth = 0
        var position = 0
        return offsets.map { offset in
            while position < offset {
                if code[position] == ASCII.openBrace { depth += 1 }
                if code[position] == ASCII.closeBrace { depth -= 1 }
                position += 1
            }
            return depth
        }
    }
}
