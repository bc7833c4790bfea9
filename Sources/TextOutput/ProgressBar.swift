/// One line that tells how far a long work has come; a value that renders, and writes nothing.
package struct ProgressBar: Sendable {
    package let title: String
    /// Nil where nobody knows it.
    package let total: Int?
    /// Columns of the terminal.
    package let width: Int

    /// Before this time the rate is that of the first steps, and tells nothing of what is left.
    private static let secondsBeforeGuess = 1.0

    package init(title: String, total: Int?, width: Int) {
        self.title = title
        self.total = total
        self.width = width
    }

    /// The line after `done` of the total in `elapsed`, never wider than the terminal less one
    /// column.
    package func line(done: Int, elapsed: Duration) -> String {
        let seconds =
            Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        guard let total else {
            let isRateKnown = done > 0 && seconds > 0
            let rate = isRateKnown ? " \(Units.significant(Double(done) / seconds))/s" : ""
            return String("\(title) \(done)\(rate)".prefix(max(width - 1, 0)))
        }
        let done = min(max(done, 0), total)
        let share = total == 0 ? 1 : Double(done) / Double(total)
        var figures = " \(Int(share * 100))% \(done)/\(total)"
        if done > 0, seconds > 0 {
            figures += " \(Units.significant(Double(done) / seconds))/s"
            if done < total, seconds >= Self.secondsBeforeGuess {
                let left = Duration.seconds(seconds * (1 - share) / share)
                figures += ", \(Units.duration(left)) left"
            }
        }
        let room = width - 1 - TextWidth.columns(title) - figures.utf8.count - 3
        guard room >= 5 else { return String((title + figures).prefix(max(width - 1, 0))) }
        let cells = min(room, 40)
        let full = Int(share * Double(cells))
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: cells - full)
        return "\(title) [\(bar)]\(figures)"
    }
}
