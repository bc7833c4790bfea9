import Glibc
import IOCore
import Lockstep
import Synchronization

private let flag = Atomic<Bool>(false)

/// Whether a signal has asked for the end; the run then stops what it started.
enum Interruption {
    static var isRequested: Bool {
        flag.load(ordering: .relaxed)
    }

    /// Why a run ends: what is thrown while it is being interrupted comes of that.
    static func reason(_ failure: TortureFailure) -> TortureFailure {
        isRequested ? interrupted : failure
    }

    /// That it is being interrupted; nil if it is not.
    static var reason: TortureFailure? {
        isRequested ? interrupted : nil
    }

    /// Throws if a signal has asked for the end.
    static func check() throws(TortureFailure) {
        if isRequested { throw interrupted }
    }

    private static let interrupted = TortureFailure("interrupted")

    /// Lets the signals that end a program set the flag; the handler does nothing else.
    ///
    /// That of a terminal that has gone is left alone where it is ignored, as `nohup` has it.
    static func install() {
        // Made before the handler may touch it, for making it is not safe in one.
        flag.store(false, ordering: .relaxed)
        for number in [SIGINT, SIGTERM, SIGQUIT] {
            signal(number, noteSignal)
        }
        if !isIgnored(SIGHUP) { signal(SIGHUP, noteSignal) }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard unsafe sigaction(number, nil, &action) == 0 else { return false }
        // SIG_IGN, which is no function that could be compared.
        return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }
}

/// The clients of a run that nobody has let go of.
///
/// An interruption closes them all, so that it has to wait for no call: nothing is asked of the cluster
/// then any more, and the patience of a call may be half a minute.
enum OpenClients {
    private struct Entry {
        weak var client: LockstepClient?
    }

    private static let entries = Locked<[Entry]>([])

    /// Makes a client; one that is closed already if the run is interrupted.
    static func open(
        _ configuration: ClientConfiguration
    ) throws(TortureFailure) -> LockstepClient {
        let client: LockstepClient
        do throws(LockstepError) {
            client = try LockstepClient(configuration: configuration)
        } catch {
            throw TortureFailure("\(error)")
        }
        entries.withLock { entries in
            entries.removeAll { $0.client == nil }
            entries.append(Entry(client: client))
        }
        // Whoever closes them all may have been there before.
        if Interruption.isRequested { client.close() }
        return client
    }

    /// Waits for an interruption and closes them; returns without where its task is cancelled.
    static func closeWhenInterrupted() async {
        while !Interruption.isRequested {
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
        }
        for entry in entries.withLock({ $0 }) { entry.client?.close() }
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
