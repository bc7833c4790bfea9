package import Codec
package import IOCore
package import Identifiers
import Transactions
import Wire

/// Watches the change feed from its beginning, over one node after the other, and holds it to its word:
/// every commit and every abort, once, in the order of the log, whichever node tells it.
package final class SimulatedWatcher: ClientLinkOwner, @unchecked Sendable {
    /// After so long it goes on with another node, whatever this one does.
    private static let stayMilliseconds: UInt64 = 3_000
    private static let credit: UInt32 = 64

    package let name: String
    private let loop: SimulatedLoop
    private let network: SimulatedNetwork
    private let ledger: Ledger
    private let addresses: [Address]
    private let limits: Limits
    private var link: ClientLink?
    /// Counts attempts, so that a late answer is known for what it is.
    private var attempt: UInt32 = 0
    /// The first index that it has not been told of.
    package private(set) var next = LogIndex(1)
    /// All change sets that it was told of, those of no operation too.
    private var told = ToldSets()
    /// Where it was told that each operation is.
    private var places: [String: LogIndex] = [:]
    /// All commits of operations that it was told of, in order.
    private(set) var history: [ValueModel.Write] = []
    /// Called with the index of each commit that it is told of.
    package var sawCommit: (LogIndex) -> Void = { _ in }
    /// Where it was told that a transaction aborted, a client's or another.
    private(set) var aborts: Set<LogIndex> = []
    /// Called with the index of each abort that it is told of.
    package var sawAbort: (LogIndex) -> Void = { _ in }
    /// How often it has gone on with another connection.
    package private(set) var resumptions = 0
    /// How many of a thousand watches ask for what is older than what it was told of last.
    var olderPerMille: UInt64 = 0
    /// What the present watch has asked for, where that is older.
    private var older: LogIndex?
    /// How often it was told once more of what it had been told of.
    private(set) var comparisons = 0
    /// How often it was refused what is not retained any more.
    package private(set) var refusals = 0
    /// The first record whose change set every node retains, by what they have trimmed until now.
    var firstRetained: () -> LogIndex = { LogIndex(1) }
    /// What it was never told, because it was trimmed.
    private(set) var lost: [Range<LogIndex>] = []
    /// The operations of that which it was told of all the same, when it asked for what is old.
    private var found: [LogIndex: String] = [:]

    package init(
        _ name: String, fabric: Fabric, addresses: [Address], ledger: Ledger, limits: Limits
    ) {
        self.name = name
        self.ledger = ledger
        self.addresses = addresses
        self.limits = limits
        loop = SimulatedLoop(world: fabric.world)
        network = SimulatedNetwork(fabric, host: name, loop: loop)
    }

    package func start() {
        attempt += 1
        let present = attempt
        after(Self.stayMilliseconds, present) { $0.goOn() }
        let address = loop.world.random.pick(addresses)
        network.connect(to: address) { [self] result in
            guard attempt == present, link == nil else {
                if case .success(let connection) = result { connection.close(flush: false) }
                return
            }
            switch result {
            case .success(let connection):
                let made = ClientLink(connection, owner: self, limits: limits)
                link = made
                made.open()
            case .failure:
                after(100, present) { $0.goOn() }
            }
        }
    }

    /// Lets go of everything.
    func end() {
        link?.close()
        link = nil
        loop.end()
    }

    private func after(
        _ milliseconds: UInt64, _ attempt: UInt32,
        _ job: @escaping @Sendable (SimulatedWatcher) -> Void
    ) {
        loop.world.after(milliseconds * 1_000_000) {
            self.loop.turn { if self.attempt == attempt { job(self) } }
        }
    }

    /// Watches on over another connection, from where it has come to.
    private func goOn() {
        let old = link
        link = nil
        old?.close()
        resumptions += 1
        start()
    }

    // MARK: ClientLinkOwner

    func opened() {
        let world = loop.world
        older = nil
        if olderPerMille > 0, world.random.happens(perMille: olderPerMille) {
            older = LogIndex(1 + world.random.next() % next.rawValue)
        }
        watch(from: older ?? next)
    }

    private func watch(from index: LogIndex) {
        link?.send(
            RequestID(attempt),
            .watch(
                WatchRequest(start: .from(index), includesAborted: true, credit: Self.credit)))
    }

    func closed(_ ended: ClientLink, _ reason: String) {
        guard link === ended else { return }
        link = nil
        after(50, attempt) { $0.goOn() }
    }

    func received(_ identifier: RequestID, _ response: Response) {
        guard identifier.rawValue == attempt else { return }
        switch response {
        case .watchStarted(let first):
            let begin = older ?? next
            if first > begin {
                ledger.violated("\(name) wants \(begin) and is given what follows \(first)")
            }
        case .changeSets(let through, let sets):
            guard let older else { return take(sets, through) }
            compare(sets, from: older, through)
            goOn()
        case .watchEnded(.retentionPassed(let first)):
            refused(first)
        case .watchEnded, .error:
            after(50, attempt) { $0.goOn() }
        default:
            ledger.violated("\(name) got \(response) for a watch")
        }
    }

    /// What it has asked for is trimmed: it goes on from what the node says to be there still.
    private func refused(_ first: LogIndex) {
        let asked = older ?? next
        guard first > asked, first <= firstRetained() else {
            return ledger.violated(
                "\(name) is told that \(asked) is trimmed, up to \(first), and it is not")
        }
        refusals += 1
        older = nil
        if first > next {
            lost.append(next..<first)
            next = first
        }
        attempt += 1
        let present = attempt
        after(Self.stayMilliseconds, present) { $0.goOn() }
        watch(from: next)
    }

    private func decoded(_ bytes: [UInt8]) -> ChangeSet? {
        var reader = ByteReader(bytes)
        let set = try? ChangeSet.decode(&reader, limits: limits)
        if set == nil { ledger.violated("\(name) got a change set that cannot be read") }
        return set
    }

    /// Holds what it is told of once more to what it was told before, and to what clients were told of
    /// what it was not.
    private func compare(_ sets: [[UInt8]], from begin: LogIndex, _ through: LogIndex) {
        var page: [ToldSets.Entry] = []
        var operations: [LogIndex: String] = [:]
        for bytes in sets {
            guard let set = decoded(bytes) else { return }
            page.append(ToldSets.Entry(index: set.index, bytes: bytes))
            if set.abort != nil { saw(abort: set) }
            guard let operation = Self.operation(of: set) else { continue }
            if let before = places[operation], before != set.index {
                ledger.violated("\(name) saw \(operation) at \(before) and at \(set.index)")
            }
            ledger.saw(operation, at: set.index, by: name)
            operations[set.index] = operation
            if lost.contains(where: { $0.contains(set.index) }) { find(operation, at: set.index) }
        }
        if !page.isEmpty { comparisons += 1 }
        var wrong = told.differences(page, from: begin, through: through, told: next, lost: lost)
        if through.next < begin { wrong.append("of what is up to \(through)") }
        told.keep(page, from: begin, through: through, lost: lost)
        for write in untold where begin <= write.index && write.index <= through {
            guard operations[write.index] != write.operation else { continue }
            wrong.append("nothing of \(write.operation)")
        }
        for text in wrong {
            ledger.violated("\(name) asks once more from \(begin) and is told \(text)")
        }
    }

    /// It is told of an operation that it had lost, maybe once more.
    private func find(_ operation: String, at index: LogIndex) {
        guard found.updateValue(operation, forKey: index) == nil else { return }
        places[operation] = index
        sawCommit(index)
    }

    private func take(_ sets: [[UInt8]], _ through: LogIndex) {
        for bytes in sets {
            guard let set = decoded(bytes) else { return }
            guard set.index >= next, set.index <= through else {
                return ledger.violated(
                    "\(name) got the change set \(set.index) where \(next) to \(through) follow")
            }
            next = set.index.next
            told.append(ToldSets.Entry(index: set.index, bytes: bytes))
            saw(set)
        }
        guard through.next >= next else {
            return ledger.violated("\(name) is told that it has come to \(through), behind \(next)")
        }
        next = through.next
        if !sets.isEmpty {
            link?.send(RequestID(attempt), .watchCredit(changeSets: UInt32(sets.count)))
        }
    }

    /// The operation that was committed as this; nil where it is no client's, or was aborted.
    private static func operation(of set: ChangeSet) -> String? {
        set.abort == nil ? name(in: set) : nil
    }

    private static func name(in set: ChangeSet) -> String? {
        set.properties.first { $0.name == "operation" }
            .map { String(decoding: $0.value, as: UTF8.self) }
    }

    private func saw(abort set: ChangeSet) {
        guard aborts.insert(set.index).inserted else { return }
        sawAbort(set.index)
        guard let name = Self.name(in: set) else { return }
        ledger.sawAbort(of: name, at: set.index, by: self.name)
    }

    private func saw(_ set: ChangeSet) {
        if set.abort != nil { return saw(abort: set) }
        guard let operation = Self.operation(of: set) else { return }
        if let before = places.updateValue(set.index, forKey: operation) {
            ledger.violated("\(name) saw \(operation) at \(before) and at \(set.index)")
        }
        history.append(ValueModel.Write(index: set.index, operation: operation))
        sawCommit(set.index)
        ledger.saw(operation, at: set.index, by: name)
    }

    /// What it has missed of what was committed.
    func missing() -> [String] {
        ledger.fates.keys.sorted().compactMap { operation in
            guard case .committed(let index)? = ledger.fates[operation], index < next,
                places[operation] != index,
                places[operation] != nil || !lost.contains(where: { $0.contains(index) })
            else { return nil }
            return "\(name) was never told of \(operation), committed at \(index)"
        }
    }

    /// All commits of operations in order: where it was not told in time, by what their clients were, or
    /// it was later.
    var wholeHistory: [ValueModel.Write] {
        guard !lost.isEmpty else { return history }
        let told = Set(untold.map(\.index))
        let later = found.filter { !told.contains($0.key) }
            .map { ValueModel.Write(index: $0.key, operation: $0.value) }
        return (history + untold + later).sorted { $0.index < $1.index }
    }

    /// What clients were told to be committed where it was told of nothing.
    private var untold: [ValueModel.Write] {
        guard !lost.isEmpty else { return [] }
        return ledger.fates.compactMap { operation, fate in
            guard case .committed(let index) = fate, lost.contains(where: { $0.contains(index) })
            else { return nil }
            return ValueModel.Write(index: index, operation: operation)
        }
    }

    /// Where there may be commits of which neither it nor their clients were told.
    var unknown: [Range<LogIndex>] {
        let isUnknown = ledger.fates.contains { operation, fate in
            (fate == .unknown || fate == .underWay) && places[operation] == nil
        }
        return isUnknown ? lost : []
    }
}
