import Codec
import Identifiers
import Properties
import PropertyStorage
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

private func sampleQueries() -> [PropertyQuery] {
    guard let path = samplePath, let instance = PropertyPath(service: "system/a", instance: "b"),
        let snapshot = SnapshotPath(instance, "running")
    else { return [.list(.services, page: .init())] }
    let id = EntityID(index: LogIndex(5), ordinal: 1)
    let page = PropertyQuery.Page(prefix: "a", after: "ab", limit: 10)
    return [
        .entity(instance),
        .group(
            path, ownerID: id, groupID: nil, known: GroupVersion(index: LogIndex(6), ordinal: 0)),
        .list(.services, page: page),
        .list(.groups(of: instance, id: id), page: page),
        .groups(.owner(instance, id: nil), type: "application", page: page),
        .groups(.level(content: id, .service), type: nil, page: page),
        .composedGroup(ComposedSource(instance, id: id), name: "config"),
        .composedGroups(ComposedSource(instance, content: id), type: nil, page: page),
        .snapshots(of: instance, id: nil, page: page),
        .snapshot(SnapshotReference(snapshot), instanceID: id),
        .levelGroup(content: id, .instance, name: "config"),
    ]
}

/// The kind of the query, then its body, as a request has them.
private func decodeQuery(_ input: [UInt8]) {
    guard let kind = input.first,
        let query = try? PropertyQuery(kind: kind, body: Array(input.dropFirst()))
    else { return }
    let again = try? PropertyQuery(kind: query.kind, body: query.body)
    precondition(again == query, "\(query) came back as \(String(describing: again))")
}

private func sampleGroup() -> PropertyGroup? {
    guard let content = PropertyContent(type: .astring, strings: ["one", "two"]) else { return nil }
    return PropertyGroup(
        header: GroupHeader(
            id: EntityID(index: LogIndex(5), ordinal: 1),
            version: GroupVersion(index: LogIndex(6), ordinal: 0), type: "application",
            isPersistent: true),
        properties: [Property(name: "a", content: content)])
}

/// What a reply that was taken must come back as.
private func again<Reply: Equatable>(
    _ input: [UInt8], _ decode: ([UInt8]) throws -> Reply, _ encode: (Reply) -> [UInt8]
) {
    guard let reply = try? decode(input) else { return }
    let other = try? decode(encode(reply))
    precondition(other == reply, "\(reply) came back as \(String(describing: other))")
}

/// The number of a kind of reply, then the reply, as the client library has it from a node.
private func decodeReply(_ input: [UInt8]) {
    guard let kind = input.first else { return }
    let body = Array(input.dropFirst())
    switch kind % 10 {
    case 0: again(body, { try EntityReply($0) }, { $0.encoded() })
    case 1: again(body, { try GroupReply($0) }, { $0.encoded() })
    case 2: again(body, { try PropertyReply($0) }, { $0.encoded() })
    case 3: again(body, { try PropertyListing($0) }, { $0.encoded() })
    case 4: again(body, { try GroupListing($0) }, { $0.encoded() })
    case 5: again(body, { try ComposedReply($0) }, { $0.encoded() })
    case 6: again(body, { try ComposedListing($0) }, { $0.encoded() })
    case 7: again(body, { try SnapshotListing($0) }, { $0.encoded() })
    case 8: again(body, { try SnapshotReply($0) }, { $0.encoded() })
    default: again(body, { try SnapshotName($0) }, { $0.encoded() })
    }
}

private func sampleReplies() -> [[UInt8]] {
    let group = sampleGroup()
    let id = EntityID(index: LogIndex(5), ordinal: 1)
    let name = SnapshotName(id: id, content: id)
    var replies: [(UInt8, [UInt8])] = [
        (0, EntityReply(id: id).encoded()),
        (1, GroupReply(group: group).encoded()),
        (1, GroupReply.unchanged.encoded()),
        (2, PropertyReply(found: nil).encoded()),
        (
            3,
            PropertyListing(
                entries: [.init(name: "a", id: id, group: group?.header)], hasMore: true
            ).encoded()
        ),
        (
            7,
            SnapshotListing(entries: [.init(name: "a", snapshot: name)], through: "a").encoded()
        ),
        (8, SnapshotReply(found: nil).encoded()),
        (9, name.encoded()),
    ]
    if let group {
        let listing = GroupListing(entries: [.init(name: "a", group: group)], through: nil)
        replies.append((4, listing.encoded()))
    }
    return replies.map { [$0] + $1 }
}

let propertyDecoders = [
    FuzzedDecoder(
        name: "property-row",
        seeds: {
            let id = EntityID(index: LogIndex(5), ordinal: 1)
            let rows = samplePropertyRows(SnapshotName(id: id, content: id))
            var writer = ByteWriter()
            sampleGroup()?.encode(into: &writer)
            return rows + [writer.take()]
        },
        decode: { exercisePropertyRows(on: $0) }),
    FuzzedDecoder(
        name: "property-query", seeds: { sampleQueries().map { [$0.kind] + $0.body } },
        decode: decodeQuery),
    FuzzedDecoder(name: "property-reply", seeds: sampleReplies, decode: decodeReply),
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
