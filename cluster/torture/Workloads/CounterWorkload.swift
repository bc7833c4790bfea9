import Histories
import Lockstep

/// Additions to counters, each from the version that was read, tried again after a conflict.
struct CounterWorkload: CheckedWorkload {
    let name = "counter"
    let summary = "additions to counters, tried again after conflicts: linearizable"
    let functions = ["read", "add"]
    private static let keys = 3
    private static let tries = 20

    private static func path(_ key: String) -> String {
        "svc:/torture/counter:\(key)/:properties/state/value"
    }

    func setUp(_ setting: WorkloadSetting) async throws(TortureFailure) {
        let client = try setting.connect("torture counter")
        defer { client.close() }
        for key in 0..<Self.keys {
            _ = try await setting.must("setting up a counter") { () throws(LockstepError) in
                try await client.setProperty(
                    Self.path("c\(key)"), type: .count, values: [.count(0)],
                    timeout: setting.timeout)
            }
        }
    }

    func run(_ setting: WorkloadSetting, until deadline: ContinuousClock.Instant) async {
        await Worker.runAll(self, setting, until: deadline) { worker in
            let key = "c\(Int.random(in: 0..<Self.keys, using: &worker.generator))"
            if worker.generator.chance(1, in: 3) {
                await Self.read(key, worker)
            } else {
                await Self.add(.random(in: 1...3, using: &worker.generator), key, worker)
            }
        }
    }

    private static func read(_ key: String, _ worker: Worker) async {
        await worker.perform("read", key) { client throws(LockstepError) in
            let found = try await client.property(path(key), timeout: worker.setting.timeout)
            return .integer(found?.count ?? 0)
        }
    }

    private static func add(_ amount: Int64, _ key: String, _ worker: Worker) async {
        let timeout = worker.setting.timeout
        await worker.perform("add", key, [.integer(amount)]) { client throws(LockstepError) in
            var tries = 0
            while true {
                let found = try await client.property(path(key), timeout: timeout)
                let sum = (found?.count ?? 0) + amount
                do throws(LockstepError) {
                    try await client.setProperty(
                        path(key), type: .count, values: [.count(UInt64(sum))],
                        base: found?.groupVersion, timeout: timeout)
                    return .integer(sum)
                } catch {
                    tries += 1
                    guard error.isConflict, tries < Self.tries else { throw error }
                }
            }
        }
    }

    func finish(_ setting: WorkloadSetting) async throws(TortureFailure) {
        try await Worker.finish(self, setting) { worker in
            for key in 0..<Self.keys { await Self.read("c\(key)", worker) }
        }
    }

    func check(_ history: History) -> [CheckReport] {
        [LinearizabilityChecker(.counter, workload: name).check(history)]
    }
}
