import Identifiers
import Node
import Replication
import Testing
import Transactions
import Wire

@Suite struct WatchProgressTests {
    private let request = WatchRequest(start: .now, keyPrefixes: ["n/"], credit: 0)

    private func set(_ index: UInt64, _ key: String, bytes: Int = 1) -> ChangeSet {
        let value = [UInt8](repeating: 1, count: bytes)
        return ChangeSet(
            index: LogIndex(index), timeMilliseconds: 1_000, properties: [],
            changes: [Change(step: 0, store: .properties, key: key, old: nil, new: value)],
            abort: nil)
    }

    private func page(
        _ sets: [ChangeSet], through: UInt64, firstRetained: UInt64 = 1
    ) -> FeedReader.Page {
        FeedReader.Page(
            changeSets: sets, through: LogIndex(through), firstRetained: LogIndex(firstRetained))
    }

    private func progress(_ next: UInt64 = 1, records: Int = 1_024) -> WatchProgress {
        WatchProgress(request, next: LogIndex(next), answerRecords: records, now: .zero)
    }

    @Test func `what the filter lets through is sent, and the rest passed with it`() {
        var progress = progress()
        let sets = [set(2, "x"), set(3, "n/a"), set(5, "y"), set(6, "n/b")]
        let step = progress.take(page(sets, through: 9), credit: 4, now: .zero)
        #expect(step == .deliver(through: LogIndex(9), [sets[1].encoded(), sets[3].encoded()]))
        #expect(progress.next == LogIndex(10))
    }

    @Test func `credit cuts a page before the first change set that it does not cover`() {
        var progress = progress()
        let sets = [set(3, "n/a"), set(5, "y"), set(6, "n/b"), set(7, "n/c")]
        let step = progress.take(page(sets, through: 9), credit: 1, now: .zero)
        #expect(step == .deliver(through: LogIndex(5), [sets[0].encoded()]))
        #expect(progress.next == LogIndex(6))
        let rest = page(Array(sets[2...]), through: 9)
        #expect(progress.take(rest, credit: 0, now: .zero) == .wait)
        #expect(progress.next == LogIndex(6))
        let last = progress.take(rest, credit: 2, now: .zero)
        #expect(last == .deliver(through: LogIndex(9), sets[2...].map { $0.encoded() }))
    }

    @Test func `an answer has no more change sets than a client takes, whatever its credit`() {
        var progress = progress(records: 2)
        let sets = [set(1, "n/a"), set(2, "n/b"), set(3, "n/c")]
        let first = progress.take(page(sets, through: 3), credit: 9, now: .zero)
        #expect(first == .deliver(through: LogIndex(2), sets[...1].map { $0.encoded() }))
        let rest = progress.take(page([sets[2]], through: 3), credit: 7, now: .zero)
        #expect(rest == .deliver(through: LogIndex(3), [sets[2].encoded()]))
    }

    @Test func `an answer is bounded in bytes, and one change set always goes`() {
        var progress = progress()
        let large = WatchProgress.answerBytes + 1
        let sets = [set(1, "n/a", bytes: large), set(2, "n/b", bytes: 9), set(3, "n/c", bytes: 9)]
        let first = progress.take(page(sets, through: 3), credit: 9, now: .zero)
        #expect(first == .deliver(through: LogIndex(1), [sets[0].encoded()]))
        let rest = page(Array(sets[1...]), through: 3)
        let second = progress.take(rest, credit: 9, now: .zero)
        #expect(second == .deliver(through: LogIndex(3), sets[1...].map { $0.encoded() }))
    }

    @Test func `a client that nothing concerns is told now and then how far it has come`() {
        var progress = progress()
        let second = MonotonicTime.zero.advanced(milliseconds: 1_000)
        #expect(progress.take(page([set(1, "x")], through: 2), credit: 1, now: .zero) == .proceed)
        #expect(progress.next == LogIndex(3))
        let told = progress.take(page([], through: 4), credit: 1, now: second)
        #expect(told == .deliver(through: LogIndex(4), []))
        let late = second.advanced(milliseconds: 9_000)
        let idle = progress.take(page([], through: 5), credit: 1, now: late)
        #expect(idle == .proceed, "no change set was passed")
        let busy = progress.take(page([set(6, "x")], through: 6), credit: 1, now: late)
        #expect(busy == .deliver(through: LogIndex(6), []))
    }

    @Test func `history that is gone ends the watch with where it begins`() {
        var progress = progress(4)
        let gone = page([], through: 3, firstRetained: 8)
        #expect(progress.take(gone, credit: 1, now: .zero) == .lost(firstRetained: LogIndex(8)))
        let there = page([set(4, "n/a")], through: 4, firstRetained: 4)
        #expect(
            progress.take(there, credit: 1, now: .zero)
                == .deliver(through: LogIndex(4), [set(4, "n/a").encoded()]))
    }

    @Test func `a page that ends before the watch begins changes nothing`() {
        var progress = progress(7)
        #expect(progress.take(page([], through: 6), credit: 1, now: .zero) == .wait)
        #expect(progress.next == LogIndex(7))
    }
}
