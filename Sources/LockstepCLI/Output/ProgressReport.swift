import TextOutput

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Shows the progress of a long work on the standard error, if that is a terminal.
final class ProgressReport {
    private let bar: ProgressBar
    private let isShown: Bool
    private let start = ContinuousClock.now
    private var shown: ContinuousClock.Instant?

    init(_ title: String, total: Int?) {
        bar = ProgressBar(title: title, total: total, width: Streams.terminalColumns)
        isShown = Streams.errorIsTerminal
        if isShown { _ = signal(SIGINT, clearLineAndEnd) }
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
        if isShown { _ = signal(SIGINT, SIG_DFL) }
    }
}

/// Takes the progress line away and lets the signal end the process; calls nothing that is not safe
/// in a signal handler.
private func clearLineAndEnd(_ number: Int32) {
    let text: StaticString = "\r\u{1B}[K"
    _ = unsafe write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
    _ = signal(number, SIG_DFL)
    raise(number)
}
