import Histories
import IOCore
import Lockstep

/// Appends to lists, each from the version that was read, tried again after a conflict.
final class ListWorkload: CheckedWorkload {
    let name = "list"
    let summary = "appends to lists and reads of whole lists: linearizable, one order"
    let functions = ["read", "append"]
    private static let slots = 3
    /// After so many operations the lists are left behind for new ones, so that none grows long.
    private static let operationsPerList = 200
    private static let tries = 20

    private let operations = Locked(0)

    private static func path(_ key: String) -> String {
        "svc:/torture/list:\(key)/:properties/state/value"
    }

    func setUp(_ setting: WorkloadSetting) async throws(TortureFailure) {}

    func run(_ setting: WorkloadSetting, until deadline: ContinuousClock.Instant) async {
        let operations = operations
        await Worker.runAll(self, setting, until: deadline) { worker in
            let number = operations.withLock { count in
                count += 1
                return count
            }
            let slot = Int.random(in: 0..<Self.slots, using: &worker.generator)
            let key = "l\(number / (Self.operationsPerList * Self.slots))-\(slot)"
            if worker.generator.chance(1, in: 3) {
                await Self.read(key, worker)
            } else {
                await Self.append(worker.uniqueValue(), key, worker)
            }
        }
    }

    private static func elements(_ property: Property?) -> [Int64] {
        (property?.values ?? []).compactMap { value in
            if case .count(let count) = value { Int64(exactly: count) } else { nil }
        }
    }

    private static func read(_ key: String, _ worker: Worker) async {
        await worker.perform("read", key) { client throws(LockstepError) in
            .integers(
                elements(try await client.property(path(key), timeout: worker.setting.timeout)))
        }
    }

    private static func append(_ element: Int64, _ key: String, _ worker: Worker) async {
        let timeout = worker.setting.timeout
        await worker.perform("append", key, [.integer(element)]) { client throws(LockstepError) in
            var tries = 0
            while true {
                let found = try await client.property(path(key), timeout: timeout)
                let values = elements(found) + [element]
                var transaction = Transaction()
                if found == nil { try transaction.expectNoGroup(group(key)) }
                try transaction.setProperty(
                    path(key), type: .count, values: values.map { .count(UInt64($0)) },
                    base: found?.groupVersion)
                do throws(LockstepError) {
                    try await client.commit(transaction, timeout: timeout)
                    return .nothing
                } catch {
                    tries += 1
                    guard error.isConflict, tries < Self.tries else { throw error }
                }
            }
        }
    }

    private static func group(_ key: String) -> String {
        "svc:/torture/list:\(key)/:properties/state"
    }

    func finish(_ setting: WorkloadSetting) async throws(TortureFailure) {
        let generations = operations.withLock { $0 } / (Self.operationsPerList * Self.slots)
        try await Worker.finish(self, setting) { worker in
            for generation in 0...generations {
                for slot in 0..<Self.slots { await Self.read("l\(generation)-\(slot)", worker) }
            }
        }
    }

    func check(_ history: History) -> [CheckReport] {
        [
            LinearizabilityChecker(.list, workload: name).check(history),
            AppendOrderChecker(workload: name).check(history),
        ]
    }
}
