import Glibc
import IOCore
import Synchronization

/// Tells how long the machine, rather than a node, held everything up: a disk that many share and that
/// does not come to a sync, a virtual machine or a whole run that was stopped.
///
/// A thread of its own writes a few bytes, syncs them and rests, in a circle; what a round takes over
/// the usual is what was withheld.
package final class MachineWatch: Sendable {
    /// What a round may take without a word: a rest and a sync on a busy machine.
    private static let usual = Duration.milliseconds(250)

    private struct State {
        /// What finished rounds took over the usual.
        var withheld = Duration.zero
        /// When the round under way began.
        var start: ContinuousClock.Instant?

        /// What the round under way has taken over the usual by now.
        var late: Duration {
            guard let start else { return .zero }
            return max(ContinuousClock.now - start - MachineWatch.usual, .zero)
        }
    }

    private let state = Locked(State())
    private let isEnding = Atomic(false)
    private let thread = Locked<JoinableThread?>(nil)
    private let folder: String
    private let rest: @Sendable () -> Void

    /// A watch on the file system of `folder`, where a file of the watch's own is left; `rest` is what
    /// its thread does between syncs, and takes far less than the usual.
    package init(folder: String, rest: @escaping @Sendable () -> Void = { _ = poll(nil, 0, 20) }) {
        self.folder = folder
        self.rest = rest
    }

    /// Starts the thread; `end` must follow, whatever happens.
    package func begin() {
        let path = folder + "/machine-watch"
        let started = JoinableThread(name: "machine watch") { [self] in
            // Without the file it sees less: what stops the processes, and not what stops the disk.
            let file = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            while !isEnding.load(ordering: .relaxed) { round(file) }
            if file >= 0 { close(file) }
        }
        thread.withLock { $0 = started }
    }

    /// What was withheld since `begin`.
    package var withheld: Duration {
        state.withLock { $0.withheld + $0.late }
    }

    private func round(_ file: Int32) {
        state.withLock { $0.start = .now }
        rest()
        // A failed write or sync takes no time that counts; others see what is wrong with the disk.
        var bytes: [UInt8] = [0]
        if unsafe pwrite(file, &bytes, 1, 0) == 1 { fdatasync(file) }
        state.withLock { state in
            state.withheld += state.late
            state.start = nil
        }
    }

    /// Ends the thread, if it runs.
    package func end() {
        isEnding.store(true, ordering: .relaxed)
        thread.withLock { $0.take() }?.join()
    }
}
