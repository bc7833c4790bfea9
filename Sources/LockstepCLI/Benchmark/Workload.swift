import Identifiers
import Lockstep

/// What the clients of a benchmark write: the same for the same seed.
struct Workload: Sendable {
    enum Values: String, CaseIterable, Sendable {
        /// Fields and words as in real records; compresses three to four times.
        case record
        /// Random bytes; does not compress.
        case random
    }

    var values = Values.record
    var valueBytes = 128
    var operations = 1
    /// Property groups that each client writes to, in turn.
    var groupsPerClient = 1_000
    var seed: UInt64 = 1

    /// One client's own random source.
    ///
    /// Its start is drawn from a source of its own: sources whose seeds are the generator's step
    /// apart would give the same words, one later for each client.
    func source(client: Int) -> SeededGenerator {
        var starts = SeededGenerator(seed: seed ^ UInt64(client) << 32)
        return SeededGenerator(seed: starts.next())
    }

    /// The `number`th transaction of a client.
    func transaction(
        client: Int, number: Int, random: inout SeededGenerator
    ) throws(LockstepError) -> Transaction {
        var transaction = Transaction()
        for step in 0..<operations {
            let group = (number * operations + step) % groupsPerClient
            try transaction.setProperty(
                "svc:/lockstep/bench:client\(client)/:properties/g\(group)/value",
                type: values == .random ? .opaque : .astring,
                values: [value(number: number, random: &random)], groupType: "bench")
        }
        return transaction
    }

    private func value(number: Int, random: inout SeededGenerator) -> PropertyValue {
        switch values {
        case .random:
            return .opaque((0..<valueBytes).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        case .record:
            let word = random.next()
            let names = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath"]
            var text = "id=\(number) user=\(names[Int(word & 7)])-\(word >> 3 & 0xFFFF)"
            text += " amount=\(word >> 20 & 0xFFFFF) currency=EUR state=settled"
            text += " created=2026-11-\(10 + word >> 44 & 15)T\(10 + word >> 50 & 7):00:00Z note="
            var bytes = Array(text.utf8)
            while bytes.count < valueBytes {
                bytes += Array(names[Int(random.next() & 7)].utf8)
                bytes.append(UInt8(ascii: " "))
            }
            return .textBytes(Array(bytes.prefix(valueBytes)))
        }
    }
}
