import Histories
import IOCore
import Lockstep

/// Elements that are added to sets without looking, and reads of whole sets.
final class SetWorkload: CheckedWorkload {
    let name = "set"
    let summary = "elements added to sets: none lost, from nowhere, or twice"
    let functions = ["read", "add"]
    private static let elementsPerSet = 100

    private let additions = Locked<Int64>(0)

    private static func group(_ key: String) -> String {
        "svc:/torture/set:\(key)/:properties/elements"
    }

    func setUp(_ setting: WorkloadSetting) async throws(TortureFailure) {}

    func run(_ setting: WorkloadSetting, until deadline: ContinuousClock.Instant) async {
        let additions = additions
        await Worker.runAll(self, setting, until: deadline) { worker in
            let isRead = worker.generator.chance(1, in: 5)
            let element = additions.withLock { count in
                if !isRead { count += 1 }
                return count
            }
            let key = "s\(element / Int64(Self.elementsPerSet))"
            if isRead {
                await Self.read(key, worker)
            } else {
                await Self.add(element, key, worker)
            }
        }
    }

    private static func add(_ element: Int64, _ key: String, _ worker: Worker) async {
        await worker.perform("add", key, [.integer(element)]) { client throws(LockstepError) in
            try await client.setProperty(
                "\(group(key))/e\(element)", type: .boolean, values: [.boolean(true)],
                timeout: worker.setting.timeout)
            return .nothing
        }
    }

    private static func read(_ key: String, _ worker: Worker) async {
        await worker.perform("read", key) { client throws(LockstepError) in
            let found = try await client.propertyGroup(group(key), timeout: worker.setting.timeout)
            let elements = (found?.properties ?? []).map { property -> Datum in
                // A name that no element has stays as it is, and is found out as a stranger.
                Int64(property.name.dropFirst()).map { .integer($0) } ?? .text(property.name)
            }
            return .list(elements)
        }
    }

    func finish(_ setting: WorkloadSetting) async throws(TortureFailure) {
        let last = additions.withLock { $0 } / Int64(Self.elementsPerSet)
        try await Worker.finish(self, setting) { worker in
            for number in 0...last { await Self.read("s\(number)", worker) }
        }
    }

    func check(_ history: History) -> [CheckReport] {
        [SetChecker(workload: name).check(history)]
    }
}
