import Histories
import IOCore
import JSON
import Lockstep

/// Commits that a trigger's program is told of on whichever node leads.
final class TriggerWorkload: CheckedWorkload {
    let name = "trigger"
    let summary = "a trigger's program: told of every commit, in order, repeats with the same key"
    let functions = ["commit"]
    private static let program = "torture-deliveries.sh"
    private static let output = "torture-deliveries"
    private static let noteName = "trigger-id"
    private static let trigger = "torture"

    private let lastCommit = Locked<UInt64>(0)

    private static func path(_ client: Int) -> String {
        "svc:/torture-trigger/t\(client)/:properties/state/value"
    }

    /// Puts the program into the nodes' folders and registers the trigger.
    func setUp(_ setting: WorkloadSetting) async throws(TortureFailure) {
        guard !setting.programs.isEmpty else { return }
        let text = """
            #!/bin/sh
            # Takes down each delivery in a line; one without its newline was cut off.
            IFS= read -r line || exit 1
            printf '%s\\n' "$line" >>\(Self.output)

            """
        for folder in setting.programs.values {
            try Files.write(text, to: "\(folder)/\(Self.program)")
            try Files.makeExecutable("\(folder)/\(Self.program)")
        }
        let client = try setting.connect("torture trigger")
        defer { client.close() }
        let commit = try await setting.must("adding the trigger") { () throws(LockstepError) in
            _ = try? await client.removeTrigger(Self.trigger, timeout: setting.timeout)
            return try await client.addTrigger(
                Trigger(
                    name: Self.trigger,
                    action: .afterCommit(program: Self.program, arguments: []),
                    keyPrefixes: ["svc:/torture-trigger"], timeout: .seconds(10)),
                timeout: setting.timeout)
        }
        lastCommit.withLock { $0 = commit.index }
        observe(setting, client: 0, "from", .integer(Int64(commit.index)))
    }

    func run(_ setting: WorkloadSetting, until deadline: ContinuousClock.Instant) async {
        guard !setting.programs.isEmpty else { return }
        let lastCommit = lastCommit
        // A run of the program takes milliseconds, one after the other: few commits, by few clients.
        await Worker.runAll(self, setting, until: deadline, clients: 2) { worker in
            let value = worker.uniqueValue()
            let result = await worker.perform("commit", "feed", [.integer(value)]) {
                client throws(LockstepError) in
                var transaction = Transaction()
                try transaction.setProperty(
                    Self.path(worker.number), type: .count, values: [.count(UInt64(value))])
                transaction.setNote(Self.noteName, to: Array("\(value)".utf8))
                let commit = try await client.commit(transaction, timeout: worker.setting.timeout)
                return .integer(Int64(commit.index))
            }
            if let index = result?.integer {
                lastCommit.withLock { $0 = max($0, UInt64(index)) }
            }
            await pause(worker.generator.milliseconds(in: 50...150))
        }
    }

    private func observe(
        _ setting: WorkloadSetting, client: Int, _ function: String, _ value: Datum
    ) {
        setting.recorder.observe(
            Observation(
                client: client, workload: name, function: function, key: "feed", value: value))
    }

    /// Waits until the cluster says that all is delivered, then reads what the programs wrote.
    func finish(_ setting: WorkloadSetting) async throws(TortureFailure) {
        guard !setting.programs.isEmpty else { return }
        let client = try setting.connect("torture trigger end")
        defer { client.close() }
        let last = lastCommit.withLock { $0 }
        let deadline = ContinuousClock.now + setting.patience
        var through: UInt64 = 0
        while through < last, ContinuousClock.now < deadline, !Interruption.isRequested {
            let found = try await setting.must("reading the trigger") { () throws(LockstepError) in
                try await client.triggers(timeout: setting.timeout)
            }
            through = found.first { $0.trigger.name == Self.trigger }?.deliveredThrough ?? 0
            if through < last { await pause(.milliseconds(50)) }
        }
        for (node, folder) in setting.programs.sorted(by: { $0.key < $1.key }) {
            readDeliveries(of: node, Files.read("\(folder)/\(Self.output)") ?? "", setting)
        }
        if through >= last { observe(setting, client: 0, "end", .integer(Int64(through))) }
    }

    private func readDeliveries(of node: Int, _ text: String, _ setting: WorkloadSetting) {
        for line in text.split(separator: "\n") {
            guard let document = try? JSONParser.parse(String(line)),
                case .string(let key)? = document["key"],
                let index = Self.index(document["transaction"]?["index"])
            else {
                setting.recorder.note("node \(node) was given what is no document: \(line)")
                observe(setting, client: node, "malformed", .text(String(line)))
                continue
            }
            let id = Self.identifier(document["transaction"])
            observe(
                setting, client: node, "deliver",
                [.integer(index), .text(key), id.map { .integer($0) } ?? .nothing])
        }
    }

    private static func index(_ value: JSONValue?) -> Int64? {
        switch value {
        case .number(let digits)?: Int64(digits)
        case .string(let digits)?: Int64(digits)
        case .null?, .boolean?, .array?, .object?, nil: nil
        }
    }

    /// The note of a transaction as the document has it.
    private static func identifier(_ transaction: JSONValue?) -> Int64? {
        guard case .string(let text)? = transaction?["properties"]?[noteName] else { return nil }
        return Int64(text)
    }

    func check(_ history: History) -> [CheckReport] {
        [DeliveryChecker(workload: name).check(history)]
    }
}
