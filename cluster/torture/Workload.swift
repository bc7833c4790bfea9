import Identifiers
import Lockstep

/// The clients of a run: each writes in a closed loop to a property of its own, and now and then
/// one reads what another wrote.
struct Workload {
    static let noteName = "id"
    /// All that the writers change lies below this.
    static let prefix = "svc:/torture/client"

    let endpoints: [Endpoint]
    let clients: Int
    let ledger: Ledger
    let seed: UInt64
    /// How fast they may be; nil: as fast as they are answered.
    var pacer: Pacer?
    /// Who takes down some of the writes, if anybody does.
    var scribe: LedgerScribe?

    static func path(_ client: Int) -> String {
        "\(prefix)\(client)/:properties/state/count"
    }

    static func note(client: Int, sequence: Int) -> [UInt8] {
        Array("\(client)/\(sequence)".utf8)
    }

    /// The count of one client; 0 before its first write.
    static func count(
        of client: Int, by reader: LockstepClient, timeout: Duration
    ) async throws(LockstepError) -> UInt64 {
        try await count(at: path(client), by: reader, timeout: timeout)
    }

    /// The value of a count; 0 if there is none.
    static func count(
        at path: String, by reader: LockstepClient, timeout: Duration
    ) async throws(LockstepError) -> UInt64 {
        let found = try await reader.property(path, timeout: timeout)
        guard case .count(let value)? = found?.values.first else { return 0 }
        return value
    }

    private var mayGoOn: Bool {
        !Task.isCancelled && !Interruption.isRequested
    }

    /// Runs until the task is cancelled; a write under way is waited for, so that its fate is known.
    ///
    /// When the run is interrupted nobody wants to know any more.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for client in 0..<clients {
                group.addTask { await write(client) }
            }
            group.addTask { await read() }
        }
    }

    private func connection(_ name: String) -> LockstepClient? {
        var configuration = ClientConfiguration(endpoints: endpoints)
        configuration.name = name
        configuration.connectTimeout = .milliseconds(500)
        configuration.longestBackoff = .milliseconds(200)
        return try? OpenClients.open(configuration)
    }

    private func write(_ client: Int) async {
        guard let connection = connection("torture \(client)") else { return }
        defer { connection.close() }
        var acknowledged: UInt64 = 0
        while mayGoOn {
            await pacer?.turn()
            guard mayGoOn else { return }
            let value = acknowledged + 1
            let sequence = ledger.begin(client: client, value: value)
            let note = Self.note(client: client, sequence: sequence)
            let taken = scribe?.begin(client: client, value: value)
            // Shielded from the cancellation of the loop.
            let attempt = Task { @Sendable () -> Result<Commit, LockstepError> in
                do throws(LockstepError) {
                    var transaction = Transaction()
                    try transaction.setProperty(
                        Self.path(client), type: .count, values: [.count(value)])
                    transaction.setNote(Self.noteName, to: note)
                    return .success(try await connection.commit(transaction, timeout: .seconds(15)))
                } catch {
                    return .failure(error)
                }
            }
            let result = await attempt.value
            scribe?.end(taken, client: client, result)
            switch result {
            case .success(let commit):
                acknowledged += 1
                ledger.settle(
                    client: client, sequence: sequence, .acknowledged(index: commit.index))
            case .failure(let error):
                // Its client was closed: the write stays under way.
                if Interruption.isRequested { return }
                ledger.settle(
                    client: client, sequence: sequence,
                    error.mayHaveExecuted ? .unknown : .refused,
                    complaint: "client \(client), write \(sequence): \(error)")
                await pause(.milliseconds(20))
            }
        }
    }

    private func read() async {
        guard let connection = connection("torture reader") else { return }
        defer { connection.close() }
        var generator = SeededGenerator(seed: seed)
        while mayGoOn {
            await pacer?.turn()
            let client = Int.random(in: 0..<clients, using: &generator)
            let floor = ledger.acknowledgedValue(client: client)
            let value = try? await Self.count(of: client, by: connection, timeout: .seconds(5))
            guard mayGoOn else { return }
            ledger.noteRead(client: client, atLeast: floor, saw: value)
            await pause(.milliseconds(10))
        }
    }
}
