import Glibc
package import IOCore
import Synchronization

/// Tells how long the machine, rather than a node, held everything up: a disk that many share and that
/// does not come to a sync, a virtual machine or a whole run that was stopped.
///
/// A thread of its own writes a few bytes, syncs them and rests, in a circle; what a round takes over
/// the usual is what was withheld. It cannot tell who keeps a disk from a sync: nodes that flood it are
/// excused as a neighbour is, which the article says and the verdict counts.
final class MachineWatch: Sendable {
    private static let restMilliseconds: Int32 = 20

    private let rounds = Locked(LateRounds())
    private let isEnding = Atomic(false)
    private let thread = Locked<JoinableThread?>(nil)
    private let folder: String

    /// A watch on the file system of `folder`, where a file of the watch's own is left.
    init(folder: String) {
        self.folder = folder
    }

    /// Starts the thread; `end` must follow, whatever happens.
    func begin() {
        let path = folder + "/machine-watch"
        let started = JoinableThread(name: "machine watch") { [self] in
            // Without the file it sees less: what stops the processes, and not what stops the disk.
            let file = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            while !isEnding.load(ordering: .relaxed) {
                LateRounds.round(
                    rounds, now: { .now }, rest: { poll(nil, 0, Self.restMilliseconds) },
                    sync: { Self.sync(file) })
            }
            if file >= 0 { close(file) }
        }
        thread.withLock { $0 = started }
    }

    /// What was withheld since `begin`.
    var withheld: Duration {
        rounds.withLock { $0.withheld(at: .now) }
    }

    private static func sync(_ file: Int32) {
        // A failed write or sync takes no time that counts; others see what is wrong with the disk.
        var bytes: [UInt8] = [0]
        if unsafe pwrite(file, &bytes, 1, 0) == 1 { fdatasync(file) }
    }

    /// Ends the thread, if it runs.
    func end() {
        isEnding.store(true, ordering: .relaxed)
        thread.withLock { $0.take() }?.join()
    }
}

/// What rounds took over the usual, that under way included.
package struct LateRounds: Sendable {
    package typealias Moment = ContinuousClock.Instant

    /// What a round may take without a word: a rest and a sync on a busy machine.
    private static let usual = Duration.milliseconds(250)

    private var ended = Duration.zero
    private var start: Moment?

    package init() {}

    /// One round of a watch: it rests, then writes and syncs, and all of that counts.
    package static func round(
        _ rounds: Locked<LateRounds>, now: () -> Moment, rest: () -> Void, sync: () -> Void
    ) {
        rounds.withLock { $0.begin(at: now()) }
        rest()
        sync()
        rounds.withLock { $0.end(at: now()) }
    }

    package mutating func begin(at now: Moment) {
        start = now
    }

    package mutating func end(at now: Moment) {
        ended = withheld(at: now)
        start = nil
    }

    package func withheld(at now: Moment) -> Duration {
        guard let start else { return ended }
        return ended + max(now - start - Self.usual, .zero)
    }
}
