import Histories
import Lockstep
import Testing
import Torture

/// What the watch makes of the nodes that say they lead; it never asks any here.
@Suite struct LeaderWatchTests {
    private let recorder = HistoryRecorder(seed: 1, title: "leaders")
    private let watch: LeaderWatch

    init() throws {
        let nowhere = try LockstepClient(
            configuration: ClientConfiguration(endpoints: [Endpoint(host: "127.0.0.1", port: 1)]))
        watch = LeaderWatch(nowhere, recorder: recorder)
    }

    /// The leaders taken down, as "node/term".
    private var noted: [String] {
        recorder.history.events.compactMap { event in
            guard case .leader(let node, let term) = event.content else { return nil }
            return "\(node)/\(term)"
        }
    }

    @Test func `two leaders of one term are both taken down`() {
        watch.note([(1, 7), (3, 7)])
        #expect(Set(noted) == ["1/7", "3/7"])
    }

    @Test func `another leader of the same term is taken down at a later look`() {
        watch.note([(1, 7)])
        watch.note([(1, 7)])
        watch.note([(2, 7)])
        #expect(noted == ["1/7", "2/7"])
        #expect(watch.changes == 0)
    }

    @Test func `who leads in the newest term leads, in whatever order they are seen`() {
        watch.note([(2, 9), (1, 8)])
        #expect(watch.leader == 2)
        #expect(noted == ["1/8", "2/9"])
    }

    @Test func `a change is a new term, and not the first one`() {
        watch.note([(1, 3)])
        #expect(watch.changes == 0)
        watch.note([])
        #expect(watch.leader == nil)
        watch.note([(2, 5)])
        watch.note([(1, 3)])
        #expect(watch.changes == 1)
        #expect(watch.leader == 1)
        #expect(noted == ["1/3", "2/5"])
    }
}
