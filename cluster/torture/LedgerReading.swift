import IOCore
import Lockstep

/// What the feed of changes has shown of the ledger's writes.
struct LedgerReading: Sendable {
    /// How many writes of a client may be missing before one: refused ones, for the greatest part.
    private static let mostAhead = 100_000

    /// What the feed holds of one write.
    struct Sighting: Sendable {
        var index: UInt64
        var times: Int
    }

    /// Of each client, by sequence number; what was not seen is nil, or beyond the end.
    private(set) var seen: [[Sighting?]]
    /// The sequence number that each client's property was changed with last; nil: it was not.
    private(set) var last: [Int?]
    /// Change sets and writes that came out of order, in words.
    private(set) var misplaced: [String] = []
    private(set) var length = 0
    /// The index of the change set that came last; 0 before the first.
    private(set) var through: UInt64 = 0

    init(clients: Int) {
        seen = Array(repeating: [], count: clients)
        last = Array(repeating: nil, count: clients)
    }

    /// Takes down the next change set of a feed.
    mutating func note(_ set: ChangeSet) {
        length += 1
        if set.index <= through {
            misplaced.append("change set \(set.index) came after \(through)")
        }
        through = set.index
        if let name = set.properties.first(where: { $0.name == Workload.noteName }) {
            see(name.value, at: set.index)
        }
    }

    private mutating func see(_ name: [UInt8], at index: UInt64) {
        let parts = String(decoding: name, as: UTF8.self).split(separator: "/")
        guard parts.count == 2, let client = Int(parts[0]), let sequence = Int(parts[1]),
            seen.indices.contains(client), sequence >= 0
        else { return }
        guard sequence <= seen[client].count + Self.mostAhead else {
            misplaced.append("write \(client)/\(sequence) came after \(seen[client].count) writes")
            return
        }
        while seen[client].count <= sequence { seen[client].append(nil) }
        var sighting = seen[client][sequence] ?? Sighting(index: index, times: 0)
        sighting.times += 1
        seen[client][sequence] = sighting
        if let before = last[client], before > sequence {
            misplaced.append("write \(client)/\(sequence) came after \(client)/\(before)")
        }
        last[client] = sequence
    }

    /// What was seen of a write; nil if nothing was.
    func sighting(_ client: Int, _ sequence: Int) -> Sighting? {
        seen[client].indices.contains(sequence) ? seen[client][sequence] : nil
    }
}

/// Follows the feed while a run goes on, so that what the feed lets go of before the end was looked at
/// all the same.
final class LedgerFollower: Sendable {
    private let client: LockstepClient
    private let reading: Locked<LedgerReading>

    /// Reads through this client, which stays the caller's to close.
    init(_ client: LockstepClient, clients: Int) {
        self.client = client
        reading = Locked(LedgerReading(clients: clients))
    }

    /// What it has seen so far.
    var contents: LedgerReading {
        reading.withLock { $0 }
    }

    /// Runs until its task is cancelled.
    func run() async {
        var next: UInt64 = 1
        while !Task.isCancelled, !Interruption.isRequested {
            do throws(LockstepError) {
                let feed = try client.watch(
                    from: .index(next), keyPrefixes: [Workload.prefix])
                for try await set in feed {
                    reading.withLock { $0.note(set) }
                    next = set.index + 1
                }
            } catch {
                // What lies before this is not seen, and said to be so in the end.
                if case .historyLost(let first) = error { next = max(next, first) }
            }
            await pause(.milliseconds(50))
        }
    }
}
