import IOCore
import Lockstep

/// What a reader of a feed gives with each change set, so that it is known to go on.
final class Pulse: Sendable {
    private let last = Locked(ContinuousClock.now)

    func beat() {
        let now = ContinuousClock.now
        last.withLock { $0 = now }
    }

    /// The time since the last beat, or since it was made.
    var silence: Duration {
        ContinuousClock.now - last.withLock { $0 }
    }
}

/// Reads something to its end, and cancels that when no beat has come for `patience`, or when the run
/// is interrupted: a feed that stands still is a finding, and not to hold up the harness.
///
/// Throws what `body` throws, which is to tell of an end that came too early.
func withStallGuard<Value: Sendable>(
    _ patience: Duration,
    _ body: @escaping @Sendable (Pulse) async throws(LockstepError) -> Value
) async throws(LockstepError) -> Value {
    let pulse = Pulse()
    let reading = Task { @Sendable () -> Result<Value, LockstepError> in
        do throws(LockstepError) {
            return .success(try await body(pulse))
        } catch {
            return .failure(error)
        }
    }
    let guarding = Task {
        while !Task.isCancelled {
            if pulse.silence >= patience || Interruption.isRequested {
                reading.cancel()
                return
            }
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
        }
    }
    let result = await reading.value
    guarding.cancel()
    return try result.get()
}
