/// The byte tables of the articles, which must be those of the doc comments they were taken from.
///
/// An article says ``Source: `path` `` on a line of its own; the tables that follow, up to the next
/// such line or heading, are compared row by row with the comments of that file.
enum Articles {
    /// A group of table rows, and the file that must hold them.
    struct Excerpt: Equatable {
        let source: String
        let line: Int
        var rows: [String]
    }

    static func excerpts(_ text: String) -> [Excerpt] {
        var found: [Excerpt] = []
        var isOpen = false
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            if line.hasPrefix("Source: `") {
                let path = line.dropFirst("Source: `".count).prefix { $0 != "`" }
                found.append(Excerpt(source: String(path), line: number + 1, rows: []))
                isOpen = true
            } else if line.hasPrefix("#") {
                isOpen = false
            } else if isOpen, line.hasPrefix("|") {
                found[found.count - 1].rows.append(String(line))
            }
        }
        return found
    }

    /// The rows of all tables in the doc comments of a file, in order.
    static func rows(inComments text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let comment = line.drop { $0 == " " }
            guard comment.hasPrefix("/// |") else { return nil }
            return String(comment.dropFirst("/// ".count))
        }
    }

    static func violations(_ path: String, _ excerpt: Excerpt, source: String?) -> [Violation] {
        guard let source else {
            return [
                Violation(
                    path: path, line: excerpt.line, message: "\(excerpt.source) is not there")
            ]
        }
        let wanted = rows(inComments: source)
        guard excerpt.rows != wanted else { return [] }
        let differing = zip(excerpt.rows, wanted).first { $0 != $1 }
        let shown = differing.map { "has \"\($0)\", the source \"\($1)\"" } ?? "differs in length"
        return [
            Violation(
                path: path, line: excerpt.line,
                message: "the tables are not those of \(excerpt.source): \(shown)")
        ]
    }
}
