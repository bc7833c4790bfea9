import Codec
import Identifiers
import KeyValue
import Stores
import Testing
import Transactions

@Suite struct EncodedChangesTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `changes are read back as they were noted`(seed: UInt64) {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var context = ApplyContext(index: LogIndex(9), timeMilliseconds: 1)
        var expected: [Change] = []
        for step in 0..<UInt32.random(in: 0...6, using: &random) {
            context.step = step
            let key = random.text(upTo: 12)
            let old = Bool.random(using: &random) ? [7] + random.bytes(upTo: 9) : nil
            let new = Bool.random(using: &random) ? [8] + random.bytes(upTo: 300) + [1] : nil
            if Bool.random(using: &random) {
                context.record(store: .properties, key: key, old: old, new: new)
            } else {
                context.record(
                    store: .properties, key: Array(key.utf8),
                    old: old.map { EncodedChanges.Value(first: 7, $0, 1..<$0.count) },
                    new: new.map {
                        EncodedChanges.Value(first: 8, $0, 1..<($0.count - 1), last: 1)
                    })
            }
            expected.append(
                Change(step: step, store: .properties, key: key, old: old, new: new))
        }
        #expect(context.changes.decoded() == expected)
        #expect(context.changes.count == expected.count)
        #expect(!context.changes.touchTriggers)
    }

    @Test func `a change of a trigger is noticed`() {
        var context = ApplyContext(index: LogIndex(9), timeMilliseconds: 1)
        context.record(store: .properties, key: "a", old: nil, new: nil)
        #expect(!context.changes.touchTriggers)
        context.record(store: .triggers, key: "a", old: nil, new: [])
        #expect(context.changes.touchTriggers)
    }

    @Test func `what an execution encodes is what it tells`() throws {
        var executor = Executor(stores: StoreRegistry([ToyStore()]))
        var view = Overlay(over: MemoryEngine())
        for steps in [
            [ToyStore.put(1, 10), ToyStore.put(2, 11), ToyStore.step(2, [1])],
            [ToyStore.put(1, 12), .abort(reason: "stop")], [],
        ] {
            let execution = try executor.execute(
                Transaction(steps: steps), index: LogIndex(5), timeMilliseconds: 7, in: &view)
            #expect(execution.encodedOutcome == execution.outcome.encoded())
            var writer = ByteWriter()
            if execution.hasChangeSet { execution.encodeChangeSet(into: &writer) }
            #expect(writer.bytes == execution.changeSet?.encoded() ?? [])
        }
    }
}
