import Histories
import Identifiers
import Testing

/// Correct histories are accepted; with one thing changed that cannot be, they are found out.
@Suite struct MutationTests {
    private let seed = UInt64.random(in: .min ... .max)

    private func report(
        _ type: LinearizabilityChecker.DataType, _ history: History
    ) -> CheckReport {
        LinearizabilityChecker(type, workload: "w").check(history)
    }

    @Test(arguments: [LinearizabilityChecker.DataType.register, .counter, .list])
    func `correct histories are accepted`(_ type: LinearizabilityChecker.DataType) {
        for round in UInt64(0)..<40 {
            let run = SimulatedRun(type: type, operations: 300)
            let found = report(type, run.history(seed: seed &+ round)).findings
            #expect(found == [], "seed \(seed &+ round)")
        }
    }

    @Test(arguments: [LinearizabilityChecker.DataType.register, .counter, .list])
    func `one result that goes back in time is found out`(
        _ type: LinearizabilityChecker.DataType
    ) {
        var generator = SeededGenerator(seed: seed)
        var changed = 0
        for round in UInt64(0)..<40 {
            // Without unknown outcomes, which could make up for a change of a counter.
            let run = SimulatedRun(type: type, operations: 300, unknownPerThousand: 0)
            var history = run.history(seed: seed &+ round)
            let operations = history.operations
            guard let (read, value) = stale(operations, &generator), let place = read.endEvent
            else { continue }
            changed += 1
            history.events[place].content = .completion(operation: read.number, .done(value))
            let found = report(type, history).findings
            #expect(
                found.map(\.gravity) == [.violation],
                "seed \(seed &+ round), \(read) now \(value)")
        }
        #expect(changed > 30, "seed \(seed): \(changed) changed")
    }

    /// A read, and what another one saw before an operation that came between them and changed it.
    private func stale(
        _ operations: [Operation], _ generator: inout SeededGenerator
    ) -> (Operation, Datum)? {
        let reads = operations.filter { $0.invocation.function == "read" && $0.result != nil }
        for read in reads.shuffled(using: &generator) {
            let key = read.invocation.key
            let between = operations.filter {
                $0.invocation.key == key && $0.result != nil && $0.result != false
                    && $0.invocation.function != "read" && $0.precedes(read)
            }
            let older = reads.filter { old in
                old.invocation.key == key && between.contains(where: old.precedes)
            }
            if let old = older.randomElement(using: &generator), let value = old.result {
                return (read, value)
            }
        }
        return nil
    }

    @Test(arguments: [LinearizabilityChecker.DataType.counter, .list])
    func `an acknowledged change that is taken out is found out`(
        _ type: LinearizabilityChecker.DataType
    ) {
        var generator = SeededGenerator(seed: seed)
        for round in UInt64(0)..<40 {
            let run = SimulatedRun(type: type, operations: 300, unknownPerThousand: 0)
            var history = run.history(seed: seed &+ round)
            let operations = history.operations
            let changes = seenChanges(operations)
            guard let change = changes.randomElement(using: &generator),
                let place = change.endEvent
            else { continue }
            history.events[place].content = .completion(
                operation: change.number, .failed("taken out"))
            #expect(!report(type, history).isClean, "seed \(seed &+ round), without \(change)")
        }
    }

    /// Acknowledged changes that a later read saw.
    private func seenChanges(_ operations: [Operation]) -> [Operation] {
        let known = operations.filter { $0.result != nil }
        let reads = known.filter { $0.invocation.function == "read" }
        return known.filter { change in
            guard change.invocation.function != "read" else { return false }
            let key = change.invocation.key
            return reads.contains { $0.invocation.key == key && change.precedes($0) }
        }
    }

    /// Steps are what time is made of, and do not depend on the machine.
    @Test(arguments: [LinearizabilityChecker.DataType.register, .counter, .list])
    func `a long history takes few steps`(_ type: LinearizabilityChecker.DataType) {
        let run = SimulatedRun(
            type: type, operations: 10_000, keys: 50, clients: 16, unknownPerThousand: 2)
        let report = report(type, run.history(seed: seed))
        #expect(report.findings == [], "seed \(seed)")
        let steps = report.counts.first { $0.name == "steps of the search" }?.value ?? .max
        #expect(steps < 200_000, "seed \(seed): \(steps) steps")
    }
}
