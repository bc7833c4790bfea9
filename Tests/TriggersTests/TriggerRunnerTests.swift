import Codec
import Identifiers
import Stores
import Testing
import Transactions
import Triggers

/// A runner with a feed made by hand; `log` is what a person would have seen.
private struct Stage {
    var runner: TriggerRunner
    var now = MonotonicTime.zero
    /// Keys changed by the record of each index; an empty one aborted.
    var feed: [UInt64: String]
    var firstRetained = LogIndex(1)
    var applied: UInt64
    /// Failures of the next runs; nil for a success.
    var failures: [String?] = []
    var pageSize: UInt64 = 4
    private(set) var log: [String] = []

    init(_ trigger: RegisteredTrigger, feed: [UInt64: String], applied: UInt64) {
        runner = TriggerRunner(trigger)
        self.feed = feed
        self.applied = applied
    }

    func set(_ index: UInt64) -> ChangeSet? {
        guard let key = feed[index] else { return nil }
        let isAborted = key.isEmpty
        return ChangeSet(
            index: LogIndex(index), timeMilliseconds: 1_000, properties: [],
            changes: isAborted
                ? [] : [Change(step: 0, store: .properties, key: key, old: nil, new: [0x31])],
            abort: isAborted ? Abort(step: nil, code: .vetoed, message: "no") : nil)
    }

    /// Does what the runner says until it waits or has nothing to do.
    mutating func play() {
        while true {
            switch runner.next(applied: LogIndex(applied), now: now) {
            case .idle:
                let end = runner.suspension.map { "suspended: " + $0 } ?? "idle"
                log.append("\(end), through \(runner.deliveredThrough)")
                return
            case .wait(let time):
                log.append("wait until \(time)")
                return
            case .read(let from):
                let through = min(applied, from.rawValue + pageSize - 1)
                let sets =
                    (max(from, firstRetained).rawValue...max(through, firstRetained.rawValue))
                    .compactMap(set)
                runner.pageRead(sets, through: LogIndex(through), firstRetained: firstRetained)
            case .run(let set):
                let failure = failures.isEmpty ? nil : failures.removeFirst()
                log.append("run \(set.index)" + (failure.map { ": " + $0 } ?? ""))
                runner.finished(failure: failure, now: now)
            }
        }
    }

    /// Plays, passing over every wait, up to `count` times.
    mutating func playThroughWaits(_ count: Int) {
        for _ in 0..<count {
            play()
            guard case .wait(let time) = runner.next(applied: LogIndex(applied), now: now) else {
                return
            }
            now = time
        }
    }
}

struct TriggerRunnerTests {
    private func trigger(
        _ kind: TriggerDefinition.Kind = .postCommit, through index: UInt64 = 0,
        attempts: UInt64 = 0, gapAcceptedThrough: UInt64 = 0, suspension: String? = nil
    ) -> RegisteredTrigger {
        RegisteredTrigger(
            definition: TriggerDefinition(
                name: "t", kind: kind, keyPrefixes: ["n/"], program: "p", attemptLimit: attempts),
            deliveredThrough: LogIndex(index), suspension: suspension,
            gapAcceptedThrough: LogIndex(gapAcceptedThrough))
    }

    private let feed: [UInt64: String] = [1: "n/a", 2: "x", 3: "n/b", 5: "", 6: "n/c"]

    @Test func `what matches is delivered once, in log order, over several pages`() {
        var stage = Stage(trigger(), feed: feed, applied: 7)
        stage.play()
        #expect(stage.log == ["run 1", "run 3", "run 6", "idle, through 7"])
        #expect(stage.runner.deliveries == 3)
        stage.feed[9] = "n/d"
        stage.applied = 9
        stage.play()
        #expect(stage.log.suffix(2) == ["run 9", "idle, through 9"])
    }

    @Test func `delivery starts behind the cursor`() {
        var stage = Stage(trigger(through: 3), feed: feed, applied: 7)
        stage.play()
        #expect(stage.log == ["run 6", "idle, through 7"])
    }

    @Test func `triggers of aborts see aborts alone`() {
        var stage = Stage(trigger(.onRollback), feed: feed, applied: 7)
        stage.play()
        #expect(stage.log == ["run 5", "idle, through 7"])
    }

    @Test func `a runner that waits out a failure keeps no change sets`() {
        var stage = Stage(trigger(), feed: feed, applied: 7)
        stage.failures = ["exit 1"]
        stage.play()
        #expect(stage.runner.heldChangeSets == 0)
        stage.now = stage.now.advanced(milliseconds: 60_000)
        stage.play()
        #expect(stage.log.last == "idle, through 7")
    }

    @Test func `a trigger of aborts with a filter is refused`() {
        let filtered = TriggerDefinition(
            name: "t", kind: .onRollback, keyPrefixes: ["n/"], program: "p")
        #expect(filtered.fault?.contains("takes no stores and key prefixes") == true)
        #expect(TriggerDefinition(name: "t", kind: .onRollback, program: "p").fault == nil)
    }

    @Test func `a failing program is tried again with growing waits, and keeps its turn`() {
        var stage = Stage(trigger(), feed: feed, applied: 7)
        stage.failures = [nil, "exit 1", "exit 1", "exit 2", nil]
        stage.playThroughWaits(9)
        #expect(
            stage.log == [
                "run 1", "run 3: exit 1", "wait until 100 ms", "run 3: exit 1",
                "wait until 300 ms", "run 3: exit 2", "wait until 700 ms", "run 3", "run 6",
                "idle, through 7",
            ])
        #expect(stage.runner.lastFailure == nil)
    }

    @Test func `waits begin small again after a success, and are bounded`() {
        var stage = Stage(trigger(), feed: feed, applied: 7)
        stage.failures = ["a", nil, "b", nil]
        stage.playThroughWaits(5)
        #expect(
            stage.log == [
                "run 1: a", "wait until 100 ms", "run 1", "run 3: b", "wait until 200 ms", "run 3",
                "run 6", "idle, through 7",
            ])
        var long = Stage(trigger(), feed: feed, applied: 1)
        long.failures = Array(repeating: "x", count: 30)
        long.playThroughWaits(30)
        let before = long.now
        long.failures = ["x"]
        long.playThroughWaits(1)
        #expect(long.now.milliseconds(since: before) == 60_000)
    }

    @Test func `nothing is asked while a read or a run is under way, or before a wait is over`() {
        var runner = TriggerRunner(trigger())
        let applied = LogIndex(7)
        #expect(runner.next(applied: applied, now: .zero) == .read(from: LogIndex(1)))
        #expect(runner.next(applied: applied, now: .zero) == .idle)
        runner.readFailed(now: .zero)
        let later = MonotonicTime.zero.advanced(milliseconds: 100)
        #expect(runner.next(applied: applied, now: .zero) == .wait(until: later))
        #expect(runner.next(applied: applied, now: later) == .read(from: LogIndex(1)))
        let set = Stage(trigger(), feed: feed, applied: 7).set(1)
        runner.pageRead(set.map { [$0] } ?? [], through: applied, firstRetained: LogIndex(1))
        #expect(runner.next(applied: applied, now: later) == set.map { .run($0) })
        #expect(runner.next(applied: applied, now: later) == .idle)
        runner.pageRead([], through: applied, firstRetained: LogIndex(1))
        #expect(runner.next(applied: applied, now: later) == .idle, "a stray page is dropped")
    }

    @Test func `a change set that the feed has lost suspends the trigger and names the gap`() {
        var stage = Stage(trigger(), feed: feed, applied: 7)
        stage.failures = [nil, "exit 1"]
        stage.play()
        stage.firstRetained = LogIndex(6)
        stage.now = stage.now.advanced(milliseconds: 100)
        stage.play()
        let reason =
            "change sets 3 to 5 were trimmed before they were delivered; the last failure: exit 1"
        #expect(stage.log.last == "suspended: \(reason), through 2")
        #expect(
            stage.runner.cursor
                == TriggerCursor(trigger: "t", deliveredThrough: LogIndex(2), suspension: reason))
        stage.play()
        #expect(stage.log.last == "suspended: \(reason), through 2")
    }

    @Test func `what is of no concern is passed before a failing run, so its loss is no gap`() {
        for start: UInt64 in [0, 1, 4] {
            var stage = Stage(trigger(through: start), feed: [2: "x", 6: "n/c"], applied: 7)
            stage.failures = ["exit 1", nil]
            stage.playThroughWaits(1)
            #expect(stage.runner.deliveredThrough == LogIndex(5), "begun behind \(start)")
            stage.firstRetained = LogIndex(6)
            stage.playThroughWaits(1)
            #expect(stage.log.suffix(2) == ["run 6", "idle, through 7"])
        }
    }

    @Test func `a resumed trigger passes over the gap that was known`() {
        var resumed = Stage(
            trigger(through: 1, gapAcceptedThrough: 6), feed: feed, applied: 7)
        resumed.firstRetained = LogIndex(6)
        resumed.play()
        #expect(resumed.log == ["run 6", "idle, through 7"])
        var another = Stage(
            trigger(through: 1, gapAcceptedThrough: 4), feed: feed, applied: 7)
        another.firstRetained = LogIndex(6)
        another.play()
        #expect(another.log.last?.hasPrefix("suspended: change sets 2 to 5") == true)
    }

    @Test func `the limit of attempts suspends`() {
        var stage = Stage(trigger(attempts: 2), feed: feed, applied: 7)
        stage.failures = ["a", nil, "b", "c", nil]
        stage.playThroughWaits(9)
        #expect(
            stage.log == [
                "run 1: a", "wait until 100 ms", "run 1", "run 3: b", "wait until 200 ms",
                "run 3: c", "suspended: 2 runs for change set 3 failed; the last: c, through 2",
            ])
    }

    @Test func `a reason that is too long is cut, so that its record can be read`() throws {
        var stage = Stage(trigger(attempts: 1), feed: feed, applied: 7)
        stage.failures = [String(repeating: "é", count: 5_000)]
        stage.play()
        let record = Record.triggerCursors([stage.runner.cursor])
        var reader = ByteReader(record.encoded())
        #expect(try Record.decode(&reader, limits: .standard) == record)
        #expect((stage.runner.suspension?.utf8.count ?? 0) > 1_000)
    }

    @Test func `a suspended trigger does nothing`() {
        var stage = Stage(trigger(suspension: "broken"), feed: feed, applied: 7)
        stage.play()
        #expect(stage.log == ["suspended: broken, through 0"])
    }

    @Test func `a transaction that changes several keys that match is one delivery`() {
        let set = ChangeSet(
            index: LogIndex(6), timeMilliseconds: 1_000, properties: [],
            changes: ["n/a", "x", "n/b", "n/c"].enumerated().map { step, key in
                Change(
                    step: UInt32(step), store: .properties, key: key, old: nil, new: [0x31])
            }, abort: nil)
        var runner = TriggerRunner(trigger(through: 5))
        #expect(runner.next(applied: LogIndex(6), now: .zero) == .read(from: LogIndex(6)))
        runner.pageRead([set], through: LogIndex(6), firstRetained: LogIndex(1))
        #expect(runner.next(applied: LogIndex(6), now: .zero) == .run(set))
        runner.finished(failure: nil, now: .zero)
        #expect(runner.next(applied: LogIndex(6), now: .zero) == .idle)
        #expect(runner.deliveries == 1 && runner.deliveredThrough == LogIndex(6))
        let text = String(
            decoding: runner.document(for: set, stores: StoreRegistry([NumberStore()])),
            as: UTF8.self)
        #expect(text.hasPrefix(#"{"trigger":"t","key":"t/6/0","ordinal":0,"#))
        #expect(["n/a", "n/b", "n/c"].allSatisfy { text.contains(#""key":"\#($0)""#) })
        #expect(!text.contains(#""key":"x""#))
    }

    @Test func `the program reads one line with the key and what matched`() {
        let runner = TriggerRunner(trigger())
        let set = ChangeSet(
            index: LogIndex(6), timeMilliseconds: 1_000,
            properties: [TransactionProperty(name: "who", value: Array("me".utf8))],
            changes: [
                Change(step: 0, store: .properties, key: "x", old: nil, new: [0x31]),
                Change(step: 1, store: .properties, key: "n/c", old: [0x31], new: nil),
            ], abort: nil)
        let document = runner.document(for: set, stores: StoreRegistry([NumberStore()]))
        #expect(
            String(decoding: document, as: UTF8.self)
                == #"{"trigger":"t","key":"t/6/0","ordinal":0,"transaction":{"index":6,"#
                + #""time":1000,"properties":{"who":"me"},"changes":[{"step":1,"#
                + #""store":"properties","key":"n/c","old":"1","new":null}]}}"# + "\n")
    }
}
