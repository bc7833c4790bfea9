import Codec
package import Identifiers
import Properties
import PropertyStorage
import Transactions
import Triggers
import Wire

/// A transaction of a simulated client.
package struct ClientWrite: Sendable, Hashable {
    /// What must still be so when it is applied.
    package enum Condition: Sendable, Hashable {
        case absent
        case at(LogIndex)
    }

    let name: String
    /// The groups whose property it sets to its name.
    let groups: [Int]
    /// Whether its last step is an abort.
    var aborts = false
    /// Whether its last step is one that a trigger forbids.
    var isForbidden = false
    /// What it wants of its first group.
    var condition: Condition?

    package init(name: String, groups: [Int], aborts: Bool = false, isForbidden: Bool = false) {
        self.name = name
        self.groups = groups
        self.aborts = aborts
        self.isForbidden = isForbidden
    }
}

/// What a simulated client does next.
enum ClientOperation {
    case write(ClientWrite)
    /// Reads one property.
    case read(group: Int, isStale: Bool)

    var isWrite: Bool {
        if case .write = self { true } else { false }
    }

    static let groups = 12
    static let service = "simulation"
    static let abortReason = "as wanted"
    /// What no client may change, as `guardian` says.
    static let keptGroup = "kept"
    /// The trigger that vetoes what is forbidden.
    static let guardian = TriggerDefinition(
        name: "guardian", kind: .preCommit, stores: [.properties],
        conditions: [
            TriggerCondition(
                .noChange(keyPrefix: "svc:/\(service)/:properties/\(keptGroup)"),
                message: "must stay as it is")
        ])

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
            ClientWrite(
                name: "\(client)-\(number)", groups: (0..<count).map { (group + $0) % groups },
                aborts: random.happens(perMille: 60)))
    }

    static func path(_ group: Int) -> PropertyPath {
        path(inGroup: "g\(group)")
    }

    private static func path(inGroup group: String) -> PropertyPath {
        guard
            let path = PropertyPath(
                service: service, instance: nil, group: group, property: "value")
        else { preconditionFailure("group \(group) has no path") }
        return path
    }

    /// The transaction of a write.
    static func transaction(_ write: ClientWrite) -> Transaction {
        let name = Array(write.name.utf8)
        guard let content = PropertyContent(type: .astring, values: [.text(name)])
        else { preconditionFailure("\(write.name) is no value") }
        let paths = write.groups.map(path) + (write.isForbidden ? [path(inGroup: keptGroup)] : [])
        var steps = paths.map {
            PropertyOperation.setProperty(
                $0, to: content, creation: GroupCreation(type: "application")
            ).step
        }
        if write.aborts { steps.append(.abort(reason: abortReason)) }
        return Transaction(
            steps: steps, expectations: expectations(of: write),
            properties: [TransactionProperty(name: "operation", value: name)])
    }

    private static func expectations(of write: ClientWrite) -> [Expectation] {
        guard let condition = write.condition, let group = write.groups.first else { return [] }
        // Without the store's own byte.
        let key = Array(PropertyKeys.key(path(group)).dropFirst())
        switch condition {
        case .absent: return [.keyAbsent(store: .properties, key: key)]
        case .at(let version):
            return [.keyAtVersion(store: .properties, key: key, version: version)]
        }
    }

    /// The value that a reply to a read of one property has; nil where there is none.
    ///
    /// - Throws: what `PropertyReply` does; `.malformed` for a value that no write has.
    static func value(of reply: [UInt8]) throws(DecodingFailure) -> String? {
        guard let found = try PropertyReply(reply).found else { return nil }
        guard found.content.values.count == 1, case .text(let bytes)? = found.content.values.first
        else { throw .malformed(at: 0, what: "a value of another kind") }
        return String(decoding: bytes, as: UTF8.self)
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
