import Glibc
import IOCore
import Testing

@testable import Torture

struct MachineWatchTests {
    @Test
    func `what held a round up is withheld, while it lasts and behind it`() async throws {
        let rounds = Rounds()
        let watch = MachineWatch(folder: "/tmp") {
            // The first one is held up for far over the usual.
            _ = poll(nil, 0, rounds.next() == 1 ? 2_000 : 1)
        }
        watch.begin()
        while watch.withheld == .zero { try await Task.sleep(for: .milliseconds(5)) }
        #expect(rounds.count == 1)
        while rounds.count == 1 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(watch.withheld >= .milliseconds(1_500))
        watch.end()
    }
}

/// Counts rounds.
private final class Rounds: Sendable {
    private let done = Locked(0)

    var count: Int { done.withLock { $0 } }

    func next() -> Int {
        done.withLock { done in
            done += 1
            return done
        }
    }
}
