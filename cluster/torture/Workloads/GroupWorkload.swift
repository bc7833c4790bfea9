import Histories
import Lockstep

/// Changes of whole groups from the version that was read, which may be an old one.
struct GroupWorkload: CheckedWorkload {
    let name = "group"
    let summary = "changes of groups from the version read: none lost, versions grow"
    let functions = ["read", "update"]
    private static let keys = 3

    private static func group(_ key: String) -> String {
        "svc:/torture/group:\(key)/:properties/state"
    }

    func setUp(_ setting: WorkloadSetting) async throws(TortureFailure) {
        let client = try setting.connect("torture group")
        defer { client.close() }
        for key in 0..<Self.keys {
            _ = try await setting.must("setting up a group") { () throws(LockstepError) in
                try await client.commit(
                    try Self.change("g\(key)", to: 0, base: nil), timeout: setting.timeout)
            }
        }
    }

    /// Two steps, so that a group changes twice in one transaction.
    private static func change(
        _ key: String, to value: Int64, base: GroupVersion?
    ) throws(LockstepError) -> Transaction {
        var transaction = Transaction()
        let values = [PropertyValue.count(UInt64(value))]
        try transaction.setProperty(
            "\(group(key))/value", type: .count, values: values, base: base)
        try transaction.setProperty("\(group(key))/copy", type: .count, values: values)
        return transaction
    }

    func run(_ setting: WorkloadSetting, until deadline: ContinuousClock.Instant) async {
        await Worker.runAll(self, setting, until: deadline) { worker in
            let key = "g\(Int.random(in: 0..<Self.keys, using: &worker.generator))"
            guard let version = await Self.read(key, worker) else { return }
            // Now and then late, so that it is refused.
            if worker.generator.chance(1, in: 4) {
                await pause(worker.generator.milliseconds(in: 1...20))
            }
            await Self.update(key, from: version, to: worker.uniqueValue(), worker)
        }
    }

    @discardableResult
    private static func read(_ key: String, _ worker: Worker) async -> GroupVersion? {
        let result = await worker.perform("read", key) { client throws(LockstepError) in
            guard
                let found = try await client.propertyGroup(
                    group(key), timeout: worker.setting.timeout)
            else { return .nothing }
            return .integers([
                Int64(found.version.index), Int64(found.version.ordinal),
                found["value"]?.count ?? -1, found["copy"]?.count ?? -2,
            ])
        }
        guard let numbers = result?.integers, numbers.count == 4 else { return nil }
        return GroupVersion(index: UInt64(numbers[0]), ordinal: UInt32(numbers[1]))
    }

    private static func update(
        _ key: String, from base: GroupVersion, to value: Int64, _ worker: Worker
    ) async {
        let arguments: [Datum] = [
            .integer(Int64(base.index)), .integer(Int64(base.ordinal)), .integer(value),
        ]
        await worker.perform("update", key, arguments) { client throws(LockstepError) in
            do throws(LockstepError) {
                let commit = try await client.commit(
                    try change(key, to: value, base: base), timeout: worker.setting.timeout)
                return .integer(Int64(commit.index))
            } catch {
                guard error.isConflict else { throw error }
                return false
            }
        }
    }

    func finish(_ setting: WorkloadSetting) async throws(TortureFailure) {
        try await Worker.finish(self, setting) { worker in
            for key in 0..<Self.keys { await Self.read("g\(key)", worker) }
        }
    }

    func check(_ history: History) -> [CheckReport] {
        [OptimisticChecker(workload: name).check(history)]
    }
}
