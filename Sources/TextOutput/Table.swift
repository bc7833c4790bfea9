/// Rows of text under headings, aligned by width as terminals show it.
package struct Table: Sendable {
    package enum Alignment: Sendable {
        case left, right
    }

    package struct Column: Sendable {
        package var heading: String
        package var alignment: Alignment

        package init(_ heading: String, _ alignment: Alignment = .left) {
            self.heading = heading
            self.alignment = alignment
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    package init(_ columns: [Column]) {
        self.columns = columns
    }

    package mutating func append(_ cells: [String]) {
        precondition(
            cells.count == columns.count, "\(cells.count) cells for \(columns.count) columns")
        rows.append(cells.map(Self.visible))
    }

    /// All lines, each with its newline; without headings if they are all empty.
    package var text: String {
        let headings = columns.map(\.heading)
        let lines = (headings.allSatisfy(\.isEmpty) ? [] : [headings]) + rows
        let widths = columns.indices.map { column in
            lines.map { TextWidth.columns($0[column]) }.max() ?? 0
        }
        return lines.map { line($0, widths: widths) + "\n" }.joined()
    }

    private func line(_ cells: [String], widths: [Int]) -> String {
        var line = ""
        for (place, cell) in cells.enumerated() {
            let padding = String(
                repeating: " ", count: widths[place] - TextWidth.columns(cell))
            if place > 0 { line += "  " }
            switch columns[place].alignment {
            case .left: line += cell + padding
            case .right: line += padding + cell
            }
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    /// The same of text of several lines, which stay such.
    package static func visibleLines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { visible(String($0)) }
            .joined(separator: "\n")
    }

    /// Control characters made visible, so that a value cannot steer the terminal.
    package static func visible(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: TextWidth.isControl) else { return text }
        var shown = ""
        for scalar in text.unicodeScalars {
            if TextWidth.isControl(scalar) {
                shown += scalar.escaped(asASCII: true)
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }
}

/// How wide text is on a terminal.
package enum TextWidth {
    /// Columns of `text`: wide East Asian characters and emoji take two, combining marks none.
    package static func columns(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.reduce(0) { $0 + ($1.unicodeScalars.contains(where: isWide) ? 2 : 1) }
    }

    /// What steers a terminal or a line's direction, or takes no place on it; but for the joiners, which
    /// scripts and emoji need.
    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0x20, 0x7F..<0xA0, 0x061C, 0x200B, 0x200E...0x200F, 0x2028...0x202E,
            0x2060...0x206F, 0xFEFF:
            true
        default: false
        }
    }

    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF,
            0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
