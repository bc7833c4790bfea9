import Histories
import Lockstep

/// Transfers between accounts in groups of their own, and reads of all of them at one moment.
///
/// A read takes one group after the other, and is made one moment by a transaction that commits only if
/// all are still at the versions that were read.
struct BankWorkload: CheckedWorkload {
    let name = "bank"
    let summary = "transfers between groups: linearizable, no money made or lost"
    let functions = ["open", "read", "transfer"]
    private static let balances = [Int64](repeating: 100, count: 5)
    private static let key = "accounts"
    private static let tries = 20

    private static func group(_ account: Int) -> String {
        "svc:/torture/bank:account\(account)/:properties/state"
    }

    private static func path(_ account: Int) -> String {
        "\(group(account))/balance"
    }

    func setUp(_ setting: WorkloadSetting) async throws(TortureFailure) {
        let client = try setting.connect("torture bank")
        defer { client.close() }
        let arguments = Self.balances.map { Datum.integer($0) }
        guard
            let operation = setting.recorder.invoke(
                client: setting.firstClient(of: self), workload: name, function: "open",
                key: Self.key, arguments: arguments)
        else { return }
        _ = try await setting.must("opening the accounts") { () throws(LockstepError) in
            var transaction = Transaction()
            for (account, balance) in Self.balances.enumerated() {
                try transaction.setProperty(
                    Self.path(account), type: .count, values: [.count(UInt64(balance))])
            }
            return try await client.commit(transaction, timeout: setting.timeout)
        }
        setting.recorder.complete(operation, .done(.nothing))
    }

    func run(_ setting: WorkloadSetting, until deadline: ContinuousClock.Instant) async {
        await Worker.runAll(self, setting, until: deadline) { worker in
            guard !worker.generator.chance(1, in: 4) else {
                await Self.read(worker)
                return
            }
            let accounts = Array(0..<Self.balances.count).shuffled(using: &worker.generator)
            let amount = Int64.random(in: 1...30, using: &worker.generator)
            await Self.transfer(from: accounts[0], to: accounts[1], amount, worker)
        }
    }

    /// What an operation returns that has found an account missing, which none ever may be.
    private static func missing(_ account: Int) -> Datum {
        .text("account \(account) is gone")
    }

    private static func transfer(
        from: Int, to: Int, _ amount: Int64, _ worker: Worker
    ) async {
        let timeout = worker.setting.timeout
        let arguments: [Datum] = [.integer(Int64(from)), .integer(Int64(to)), .integer(amount)]
        await worker.perform("transfer", key, arguments) { client throws(LockstepError) in
            var tries = 0
            while true {
                guard let source = try await client.property(path(from), timeout: timeout) else {
                    return missing(from)
                }
                guard let target = try await client.property(path(to), timeout: timeout) else {
                    return missing(to)
                }
                guard let left = source.count, let right = target.count else {
                    return .text("a balance is no count")
                }
                guard left >= amount else { return false }
                var transaction = Transaction()
                try transaction.setProperty(
                    path(from), type: .count, values: [.count(UInt64(left - amount))],
                    base: source.groupVersion)
                try transaction.setProperty(
                    path(to), type: .count, values: [.count(UInt64(right + amount))],
                    base: target.groupVersion)
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

    private static func read(_ worker: Worker) async {
        let timeout = worker.setting.timeout
        await worker.perform("read", key) { client throws(LockstepError) in
            var tries = 0
            while true {
                var transaction = Transaction()
                var found: [Int64] = []
                for number in balances.indices {
                    let path = path(number)
                    guard let balance = try await client.property(path, timeout: timeout) else {
                        return missing(number)
                    }
                    found.append(balance.count ?? -1)
                    try transaction.expectGroup(group(number), at: balance.groupVersion.index)
                }
                do throws(LockstepError) {
                    try await client.commit(transaction, timeout: timeout)
                    return .integers(found)
                } catch {
                    tries += 1
                    guard error.isConflict, tries < Self.tries else { throw error }
                }
            }
        }
    }

    func finish(_ setting: WorkloadSetting) async throws(TortureFailure) {
        try await Worker.finish(self, setting) { worker in await Self.read(worker) }
    }

    func check(_ history: History) -> [CheckReport] {
        [
            BankChecker(workload: name, balances: Self.balances).check(history),
            LinearizabilityChecker(.bank, workload: name).check(history),
        ]
    }
}
