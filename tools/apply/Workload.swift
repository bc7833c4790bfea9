import Codec
import Identifiers
import Properties
import Transactions

/// The transactions that are applied: always the same ones.
struct Workload {
    let clients: Int
    let groupsPerClient: Int
    let propertiesPerGroup: Int
    let operations: Int
    let valueBytes: Int
    private var state: UInt64 = 1

    init(
        clients: Int, groupsPerClient: Int, propertiesPerGroup: Int, operations: Int,
        valueBytes: Int
    ) {
        self.clients = clients
        self.groupsPerClient = groupsPerClient
        self.propertiesPerGroup = propertiesPerGroup
        self.operations = operations
        self.valueBytes = valueBytes
    }

    /// The `number`th transaction of `client`.
    mutating func transaction(client: Int, number: Int) -> Transaction {
        let steps = (0..<operations).map { step in
            let group = (number * operations + step) % groupsPerClient
            let property = random(below: max(propertiesPerGroup, 1))
            return PropertyOperation.setProperty(
                path(client: client, group: group, property: property), to: content(number),
                creation: GroupCreation(type: "bench")
            ).step
        }
        return Transaction(steps: steps)
    }

    /// The transaction that makes one group with its properties.
    mutating func filling(client: Int, group: Int) -> Transaction {
        let properties = (0..<propertiesPerGroup).map {
            Property(name: "value\($0)", content: content(0))
        }
        return Transaction(steps: [
            PropertyOperation.replaceGroup(
                GroupReplacement(
                    path(client: client, group: group, property: nil), properties: properties,
                    creation: GroupCreation(type: "bench"))
            ).step
        ])
    }

    private func path(client: Int, group: Int, property: Int?) -> PropertyPath {
        let path = PropertyPath(
            service: "lockstep/bench", instance: "client\(client)", group: "g\(group)",
            property: property.map { "value\($0)" })
        guard let path else { preconditionFailure("client \(client), group \(group) has no path") }
        return path
    }

    private mutating func content(_ number: Int) -> PropertyContent {
        let words = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath"]
        var bytes = Array("id=\(number) amount=\(random(below: 1 << 20)) state=settled ".utf8)
        while bytes.count < valueBytes {
            bytes += Array(words[random(below: words.count)].utf8) + [UInt8(ascii: " ")]
        }
        let value = PropertyValue.text(Array(bytes.prefix(valueBytes)))
        guard let content = PropertyContent(type: .astring, values: [value]) else {
            preconditionFailure("a value of \(valueBytes) bytes is no string")
        }
        return content
    }

    /// A number in `[0, limit)` (*Steele, Lea, Flood: splittable generators*).
    private mutating func random(below limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((word ^ (word >> 31)) % UInt64(limit))
    }
}
