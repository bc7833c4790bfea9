import Properties
import Transactions
import Wire

/// What a simulated client does next.
enum ClientOperation {
    /// Sets some properties to the operation's own name; where `aborts`, ends in an abort.
    case write(name: String, groups: [Int], aborts: Bool)
    /// Reads one property.
    case read(group: Int, isStale: Bool)

    static let groups = 12
    static let service = "simulation"

    /// Chooses the operation number `number` of `client`, of which so many of a thousand are reads.
    static func choose(
        _ client: String, _ number: Int, readsPerMille: UInt64, using random: inout SeededGenerator
    ) -> ClientOperation {
        let group = Int(random.next() % UInt64(groups))
        if random.happens(perMille: readsPerMille) {
            return .read(group: group, isStale: random.happens(perMille: 200))
        }
        let count = 1 + Int(random.next() % 3)
        return .write(
            name: "\(client)-\(number)", groups: (0..<count).map { (group + $0) % groups },
            aborts: random.happens(perMille: 60))
    }

    static func path(_ group: Int) -> PropertyPath {
        guard
            let path = PropertyPath(
                service: service, instance: nil, group: "g\(group)", property: "value")
        else { preconditionFailure("group \(group) has no path") }
        return path
    }

    /// The transaction of a write.
    static func transaction(_ name: String, _ groups: [Int], aborts: Bool) -> Transaction {
        guard let content = PropertyContent(type: .astring, values: [.text(Array(name.utf8))])
        else { preconditionFailure("\(name) is no value") }
        var steps = groups.map {
            PropertyOperation.setProperty(
                path($0), to: content, creation: GroupCreation(type: "application")
            ).step
        }
        if aborts { steps.append(.abort(reason: "as wanted")) }
        return Transaction(
            steps: steps,
            properties: [TransactionProperty(name: "operation", value: Array(name.utf8))])
    }

    /// The request of a read.
    static func read(_ group: Int, isStale: Bool) -> Request {
        let query = PropertyQuery.property(path(group))
        return .read(
            ReadRequest(
                store: .properties, kind: query.kind, body: query.body,
                consistency: isStale
                    ? .stale(maximalLagMilliseconds: 60_000) : .linearizable))
    }
}
