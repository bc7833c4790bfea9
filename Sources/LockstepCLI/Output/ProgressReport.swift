import TextOutput

/// Shows the progress of a long work on the standard error, if that is a terminal.
final class ProgressReport {
    private let bar: ProgressBar
    private let isShown: Bool
    private let start = ContinuousClock.now
    private var shown: ContinuousClock.Instant?

    init(_ title: String, total: Int) {
        bar = ProgressBar(title: title, total: total, width: Streams.terminalColumns)
        isShown = Streams.errorIsTerminal
    }

    /// Draws the line anew, at most ten times a second.
    func update(_ done: Int) {
        guard isShown else { return }
        let now = ContinuousClock.now
        if let shown, now - shown < .milliseconds(100) { return }
        shown = now
        Streams.writeError("\r\u{1B}[K" + bar.line(done: done, elapsed: now - start))
    }

    /// Takes the line away.
    func finish() {
        if shown != nil { Streams.writeError("\r\u{1B}[K") }
    }
}
