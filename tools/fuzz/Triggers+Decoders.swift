import Codec
import Identifiers
import Transactions
import Triggers

private let sampleTriggers = [
    TriggerDefinition(
        name: "guard", kind: .preCommit, stores: [.properties], keyPrefixes: ["a/"],
        conditions: [
            TriggerCondition(.noDeletion(keyPrefix: "a/b"), message: "it stays"),
            TriggerCondition(.rowPresent(store: .properties, key: [1, 2]), message: ""),
            TriggerCondition(.typed(.properties, key: "a", type: "count"), message: "typed"),
            TriggerCondition(.equal(.properties, key: "a", values: ["1", "2"]), message: "one"),
            TriggerCondition(
                .inRange(.properties, key: "a", lower: -1, upper: .max), message: "range"),
        ]),
    TriggerDefinition(
        name: "audit", kind: .postCommit, program: "write-line", arguments: ["--to", "file"],
        attemptLimit: 3),
]

private func encoded(_ definition: TriggerDefinition) -> [UInt8] {
    var writer = ByteWriter()
    definition.encode(into: &writer)
    return writer.take()
}

/// A definition, which every node reads when the transaction that adds it is applied.
private func decodeTrigger(_ input: [UInt8]) {
    var reader = ByteReader(input)
    guard let definition = try? TriggerDefinition.decode(&reader) else { return }
    var again = ByteReader(encoded(definition))
    let other = try? TriggerDefinition.decode(&again)
    precondition(other == definition, "\(definition) came back as \(String(describing: other))")
}

private func sampleList() -> [UInt8] {
    var writer = ByteWriter()
    writer.writeVarint(UInt64(sampleTriggers.count))
    for definition in sampleTriggers {
        definition.encode(into: &writer)
        writer.writeVarint(LogIndex(7))
        writer.writeString("program not found")
        writer.writeVarint(LogIndex(0))
    }
    return writer.take()
}

let triggerDecoders = [
    FuzzedDecoder(
        name: "trigger", seeds: { sampleTriggers.map(encoded) }, decode: decodeTrigger),
    FuzzedDecoder(
        name: "trigger-list", seeds: { [sampleList()] },
        decode: { _ = try? TriggerStore.decodeList($0, limits: .standard) }),
]
