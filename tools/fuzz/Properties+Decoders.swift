import Codec
import Identifiers
import Properties
import Transactions

private let samplePath = PropertyPath(
    service: "system/a", instance: "default", group: "config", property: nil)

private func sampleOperations() -> [PropertyOperation] {
    guard let path = samplePath,
        let content = PropertyContent(type: .astring, strings: ["one", "two"]),
        let snapshot = SnapshotPath(path.owner, "running")
    else { return [.noteBoots([NodeBoot(node: NodeID(1), boot: 2)])] }
    return [
        .addGroup(path, ownerID: nil, GroupCreation(type: "application")),
        .delete(path, id: nil),
        .commitGroup(
            GroupCommit(
                path, edits: [.set("a", content), .new("b", content), .delete("c")],
                creation: GroupCreation(type: "application"))),
        .replaceGroup(GroupReplacement(path, properties: [Property(name: "a", content: content)])),
        .noteBoots([NodeBoot(node: NodeID(1), boot: 2), NodeBoot(node: NodeID(3), boot: 0)]),
        .takeSnapshot(SnapshotTake(snapshot, mode: .replace(nil))),
        .attachSnapshot(SnapshotReference(snapshot), to: SnapshotReference(snapshot)),
        .deleteSnapshot(SnapshotReference(snapshot)),
    ]
}

/// The kind of the operation, then its body, as a step has them.
private func decodeOperation(_ input: [UInt8]) {
    guard let kind = input.first else { return }
    let operation = Operation(store: .properties, kind: kind, body: Array(input.dropFirst()))
    guard let value = try? PropertyOperation(operation) else { return }
    do {
        let again = try PropertyOperation(value.operation)
        precondition(again == value, "\(value) came back as \(again)")
    } catch {
        preconditionFailure("\(value) is refused after encoding: \(error)")
    }
}

let propertyDecoders = [
    FuzzedDecoder(
        name: "property-operation",
        seeds: {
            sampleOperations().map { value in
                let operation = value.operation
                return [operation.kind] + operation.body
            }
        },
        decode: decodeOperation)
]
