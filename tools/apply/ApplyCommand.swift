import ArgumentParser

/// Applies generated frames as a node does, on a real engine, and prints what a transaction costs.
@main
struct ApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply-bench",
        abstract: "Measure the CPU that a node spends on applying committed transactions.",
        discussion: """
            Seals frames of property transactions, applies them to a RocksDB engine in a temporary \
            folder, and prints microseconds of CPU a transaction: of the applying thread, and of \
            the whole process, in which the engine's own threads flush and compact.
            """)

    @Option(help: "Transactions to measure, after a tenth of them to warm up.")
    var transactions = 100_000

    @Option(help: "Operations a transaction, each setting one property.")
    var operations = 1

    @Option(help: "Records a frame.")
    var frame = 256

    @Option(help: "Frames that one turn of the applier takes.")
    var turn = 1

    @Option(help: "Client sessions, each of which writes below its own instance.")
    var clients = 256

    @Option(help: "Property groups of each client.")
    var groups = 1_000

    @Option(help: "Properties that each group has before the measurement; 0 makes none.")
    var properties = 4

    @Option(help: "Bytes of a value.")
    var bytes = 128

    func validate() throws {
        let counts = [transactions, operations, frame, turn, clients, groups, bytes]
        guard counts.allSatisfy({ $0 > 0 }), properties >= 0, frame <= 4_096 else {
            throw ValidationError("counts must be above 0, and a frame has at most 4096 records")
        }
    }

    func run() throws {
        let workload = Workload(
            clients: clients, groupsPerClient: groups, propertiesPerGroup: properties,
            operations: operations, valueBytes: bytes)
        let rig = try Rig(workload: workload, recordsPerFrame: frame, framesPerTurn: turn)
        defer { rig.close() }
        try rig.openSessions()
        try rig.fillGroups()
        try rig.run(max(transactions / 10, 1))
        let cost = try rig.run(transactions)
        print(
            "\(operations) operations, frames of \(frame), \(turn) a turn: "
                + "thread \(cost.threadMicroseconds.text) µs, "
                + "process \(cost.processMicroseconds.text) µs a transaction; "
                + "\(cost.aborted) of \(transactions) aborted")
    }
}

extension Double {
    /// With two digits behind the point.
    fileprivate var text: String {
        let hundredths = Int((self * 100).rounded())
        return "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
    }
}
