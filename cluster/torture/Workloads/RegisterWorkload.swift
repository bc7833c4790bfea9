import Histories
import Lockstep

/// Reads, writes and compare-and-sets of single values.
struct RegisterWorkload: CheckedWorkload {
    let name = "register"
    let summary = "reads, writes and compare-and-sets of values: linearizable"
    let functions = ["read", "write", "cas"]
    private static let keys = 5

    private static func path(_ key: String) -> String {
        "svc:/torture/register:\(key)/:properties/state/value"
    }

    func setUp(_ setting: WorkloadSetting) async throws(TortureFailure) {}

    func run(_ setting: WorkloadSetting, until deadline: ContinuousClock.Instant) async {
        await Worker.runAll(self, setting, until: deadline) { worker in
            let key = "r\(Int.random(in: 0..<Self.keys, using: &worker.generator))"
            switch Int.random(in: 0..<10, using: &worker.generator) {
            case 0..<4: await Self.read(key, worker)
            case 4..<7: await Self.write(key, worker.uniqueValue(), worker)
            default:
                guard let expected = await Self.read(key, worker)?.integer else { return }
                await Self.exchange(key, expected, worker.uniqueValue(), worker)
            }
        }
    }

    @discardableResult
    private static func read(_ key: String, _ worker: Worker) async -> Datum? {
        await worker.perform("read", key) { client throws(LockstepError) in
            let found = try await client.property(path(key), timeout: worker.setting.timeout)
            return found?.count.map { .integer($0) } ?? .nothing
        }
    }

    private static func write(_ key: String, _ value: Int64, _ worker: Worker) async {
        await worker.perform("write", key, [.integer(value)]) { client throws(LockstepError) in
            try await client.setProperty(
                path(key), type: .count, values: [.count(UInt64(value))],
                timeout: worker.setting.timeout)
            return .nothing
        }
    }

    /// Sets the value if it is the expected one; values are unique, so a group that has changed since
    /// it was read cannot have the value again.
    private static func exchange(
        _ key: String, _ expected: Int64, _ new: Int64, _ worker: Worker
    ) async {
        let timeout = worker.setting.timeout
        let arguments: [Datum] = [.integer(expected), .integer(new)]
        await worker.perform("cas", key, arguments) { client throws(LockstepError) in
            guard let found = try await client.property(path(key), timeout: timeout),
                found.count == expected
            else { return false }
            do throws(LockstepError) {
                try await client.setProperty(
                    path(key), type: .count, values: [.count(UInt64(new))],
                    base: found.groupVersion, timeout: timeout)
            } catch {
                guard error.isConflict else { throw error }
                return false
            }
            return true
        }
    }

    func finish(_ setting: WorkloadSetting) async throws(TortureFailure) {
        try await Worker.finish(self, setting) { worker in
            for key in 0..<Self.keys { await Self.read("r\(key)", worker) }
        }
    }

    func check(_ history: History) -> [CheckReport] {
        [LinearizabilityChecker(.register, workload: name).check(history)]
    }
}
