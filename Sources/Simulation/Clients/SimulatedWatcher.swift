package import Codec
package import IOCore
package import Identifiers
import Transactions
import Wire

/// Watches the change feed from its beginning, over one node after the other, and holds it to its word:
/// every commit, once, in the order of the log, whichever node tells it.
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
    /// Where it was told that each operation is.
    private var places: [String: LogIndex] = [:]
    /// All commits of operations that it was told of, in order.
    private(set) var history: [ValueModel.Write] = []
    /// Called with the index of each commit that it is told of.
    package var sawCommit: (LogIndex) -> Void = { _ in }
    /// How often it has gone on with another connection.
    package private(set) var resumptions = 0
    /// How many of a thousand watches ask for what is older than what it was told of last.
    var olderPerMille: UInt64 = 0
    /// What the present watch has asked for, where that is older.
    private var older: LogIndex?
    /// How often it was refused what is not retained any more.
    package private(set) var refusals = 0
    /// The first record whose change set every node retains, by what they have trimmed until now.
    var firstRetained: () -> LogIndex = { LogIndex(1) }
    /// What it was never told, because it was trimmed.
    private(set) var lost: [Range<LogIndex>] = []

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
            .watch(WatchRequest(start: .from(index), credit: Self.credit)))
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
            if first > older ?? next {
                ledger.violated("\(name) wants \(next) and is given what follows \(first)")
            }
        case .changeSets(let through, let sets):
            guard older == nil else {
                // It is retained still: that is for the end to compare.
                return goOn()
            }
            take(sets, through)
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

    private func take(_ sets: [[UInt8]], _ through: LogIndex) {
        for bytes in sets {
            var reader = ByteReader(bytes)
            guard let set = try? ChangeSet.decode(&reader, limits: limits) else {
                return ledger.violated("\(name) got a change set that cannot be read")
            }
            guard set.index >= next, set.index <= through else {
                return ledger.violated(
                    "\(name) got the change set \(set.index) where \(next) to \(through) follow")
            }
            next = set.index.next
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

    private func saw(_ set: ChangeSet) {
        guard set.abort == nil,
            let property = set.properties.first(where: { $0.name == "operation" })
        else { return }
        let operation = String(decoding: property.value, as: UTF8.self)
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
                places[operation] != index, !lost.contains(where: { $0.contains(index) })
            else { return nil }
            return "\(name) was never told of \(operation), committed at \(index)"
        }
    }

    /// All commits of operations in order: where it was not told, by what their clients were.
    var wholeHistory: [ValueModel.Write] {
        guard !lost.isEmpty else { return history }
        let untold = ledger.fates.compactMap { operation, fate -> ValueModel.Write? in
            guard case .committed(let index) = fate, lost.contains(where: { $0.contains(index) })
            else { return nil }
            return ValueModel.Write(index: index, operation: operation)
        }
        return (history + untold).sorted { $0.index < $1.index }
    }

    /// Up to where there may be commits of which neither it nor their clients were told; zero where there
    /// are none.
    var unknownThrough: LogIndex {
        guard let last = lost.last else { return .zero }
        let isUnknown = ledger.fates.contains { operation, fate in
            (fate == .unknown || fate == .underWay) && places[operation] == nil
        }
        return isUnknown ? last.upperBound.previous : .zero
    }
}
