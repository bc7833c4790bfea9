import Glibc
import Synchronization
import Synchronization

private let flag = Atomic<Bool>(false)

/// Whether SIGINT or SIGTERM has asked for the end; the run then stops what it started.
enum Interruption {
    static var isRequested: Bool {
        flag.load(ordering: .relaxed)
    }

    /// Lets the two signals set the flag; the handler does nothing else.
    static func install() {
        // Made before the handler may touch it, for making it is not safe in one.
        flag.store(false, ordering: .relaxed)
        for number in [SIGINT, SIGTERM] {
            signal(number, noteSignal)
        }
        signal(SIGPIPE, SIG_IGN)
    }
}

private func noteSignal(_ number: Int32) {
    flag.store(true, ordering: .relaxed)
}

/// Sleeps, in steps short enough that an interruption ends it.
func pause(_ duration: Duration) async {
    let deadline = ContinuousClock.now + duration
    while !Interruption.isRequested {
        let left = deadline - .now
        if left <= .zero { return }
        do {
            try await Task.sleep(for: min(left, .milliseconds(50)))
        } catch {
            return
        }
    }
}

/// What stops a run before its verdict.
package struct TortureFailure: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
