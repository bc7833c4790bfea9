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
        .fileSnapshots(
            SnapshotFiling(
                of: path.servicePath, name: "last-import", groups: [],
                instances: [
                    SnapshotFiling.Instance(
                        name: "default",
                        groups: [
                            SnapshotFiling.Group(
                                name: "config", type: "application",
                                properties: [Property(name: "a", content: content)])
                        ])
                ])),
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

/// An identifier that is read must come back from how it is written.
private func decodeIdentifier(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    guard let identifier = FMRI(text) else { return }
    let written =
        switch identifier {
        case .scope(let name): "svc://\(name)"
        case .path(let path): path.description
        case .elsewhere(let scope, let path): "svc://\(scope)\(path.description.dropFirst(4))"
        case .file(let path): "file://\(path)"
        }
    // What is written whole may be longer than what was read.
    guard written.utf8.count <= NameRules.fmriBytes else { return }
    precondition(FMRI(written) == identifier, "\(identifier) came back as \(written)")
}

/// The number of a type, then the string form of a value, which must come back from its own.
private func decodeValue(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let type = PropertyType.allCases[Int(first) % PropertyType.allCases.count]
    guard let value = PropertyValue(stringBytes: Array(input.dropFirst()), type: type) else {
        return
    }
    precondition(value.isValid(as: type), "\(value) is read as a \(type), and is none")
    let again = PropertyValue(stringBytes: value.stringBytes, type: type)
    precondition(again == value, "\(value) came back as \(String(describing: again))")
}

private let sampleValues: [(PropertyType, String)] = [
    (.boolean, "true"), (.count, "0x10"), (.integer, "-7"), (.time, "3.000000001"),
    (.astring, "text"), (.opaque, "00ff"), (.ustring, "text"), (.uri, "http://host/path?query"),
    (.fmri, "svc:/system/cron:default"), (.host, "10.0.0.1"), (.hostname, "host.example"),
    (.netAddressV4, "10.0.0.1/8"), (.netAddressV6, "fe80::1/64"), (.netAddress, "::1"),
]

let propertyDecoders = [
    FuzzedDecoder(
        name: "property-identifier",
        seeds: {
            [
                "svc:/system/cron:default/:properties/config/port", "svc://other/a:b", "svc:///a",
                "svc:", "svc://localhost@localhost/", "file:///etc/hosts", "file://localhost/x",
            ].map { Array($0.utf8) }
        },
        decode: decodeIdentifier),
    FuzzedDecoder(
        name: "property-value",
        seeds: {
            sampleValues.map { type, text in
                [UInt8(PropertyType.allCases.firstIndex(of: type) ?? 0)] + Array(text.utf8)
            }
        },
        decode: decodeValue),
    FuzzedDecoder(
        name: "property-operation",
        seeds: {
            sampleOperations().map { value in
                let operation = value.operation
                return [operation.kind] + operation.body
            }
        },
        decode: decodeOperation),
]
