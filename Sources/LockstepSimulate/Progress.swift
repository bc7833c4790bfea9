import Glibc
import IOCore
import TextOutput

/// Shows how far a set of runs has come on the standard error, if that is a terminal.
final class Progress: Sendable {
    private let bar: ProgressBar
    private let isShown = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now
    private let done = Locked(0)

    init(total: Int) {
        let columns = unsafe getenv("COLUMNS").flatMap { unsafe Int(String(cString: $0)) } ?? 80
        bar = ProgressBar(title: "seeds", total: total, width: min(max(columns, 20), 500))
    }

    /// One more run has ended.
    func advance() {
        let count = done.withLock { done in
            done += 1
            return done
        }
        write("\r\u{1B}[K" + bar.line(done: count, elapsed: ContinuousClock.now - start))
    }

    /// Takes the line away.
    func clear() {
        write("\r\u{1B}[K")
    }

    private func write(_ text: String) {
        guard isShown else { return }
        // Nobody is told where the terminal has gone.
        _ = unsafe Array(text.utf8).withUnsafeBytes { bytes in
            unsafe Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }
}
