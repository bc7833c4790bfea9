import Foundation
import IOCore
import Testing
import Torture

@Suite struct MachineWatchTests {
    @Test(.timeLimit(.minutes(5)))
    func `what holds a round up is withheld, while it lasts and behind it`() async throws {
        let rounds = Locked(0)
        let isReleased = Locked(false)
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("lockstep-watch-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let watch = MachineWatch(folder: folder.path) {
            let isFirst = rounds.withLock { rounds in
                rounds += 1
                return rounds == 1
            }
            while isFirst, !isReleased.withLock({ $0 }) {}
        }
        watch.begin()
        while watch.withheld == .zero { try await Task.sleep(for: .milliseconds(5)) }
        #expect(rounds.withLock { $0 } == 1)
        let seen = watch.withheld
        isReleased.withLock { $0 = true }
        while rounds.withLock({ $0 }) == 1 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(watch.withheld >= seen)
        watch.end()
    }
}
