package import Codec
package import Transactions

/// The encoding of operations: the kind is the operation's, the body as follows.
///
/// | kind | operation | body |
/// |---|---|---|
/// | 1 | add service | path |
/// | 2 | add instance | path, identity of the service or none |
/// | 3 | add group | path, identity of the owner or none, creation |
/// | 4 | delete | path, identity or none |
/// | 5 | commit group | path, identity or none, base or none, creation or none, number of edits (varint), edits |
/// | 6 | replace group | path, identity or none, base or none, creation or none, number of properties (varint), each: name (varint length, UTF-8), `PropertyContent` |
/// | 7 | note boots | number of members (varint), each, ascending: node (varint), boot (8), 0: not known |
/// | 8 | take snapshot | snapshot, identity of the instance or none, 1 new, 2 replace and identity or none, 3 either |
/// | 9 | attach snapshot | source and target, each: snapshot, identity or none |
/// | 10 | delete snapshot | snapshot, identity or none |
/// | 11 | file snapshots | path of the service, snapshots' name (varint length, UTF-8), groups of the service, number of instances (varint), each, ascending: name (varint length, UTF-8), groups |
///
/// | part | bytes |
/// |---|---|
/// | path | bits (1): 0 instance, 1 group, 2 property; the service and each of these (varint length, UTF-8) |
/// | snapshot | path of the instance, name (varint length, UTF-8) |
/// | … or none | 0, or 1 and the thing |
/// | creation | type (varint length, UTF-8), persistent (0 or 1) |
/// | edit | 1 new, 2 change, 3 change type, 4 delete, 5 set; name (varint length, UTF-8); unless it deletes, `PropertyContent` |
/// | groups | number (varint), each, ascending: name, type (varint length, UTF-8 each), number of properties (varint), each: as with replace group |
extension PropertyOperation {
    /// The kind of `commitGroup`.
    package static let commitKind: UInt8 = 5

    /// The step of a transaction that does this.
    package var step: Step {
        .operation(operation)
    }

    package var operation: Operation {
        var writer = ByteWriter()
        let kind: UInt8
        switch self {
        case .addService(let path):
            kind = 1
            path.encode(into: &writer)
        case .addInstance(let path, let serviceID):
            kind = 2
            path.encode(into: &writer)
            writer.writeOptional(serviceID)
        case .addGroup(let path, let ownerID, let creation):
            kind = 3
            path.encode(into: &writer)
            writer.writeOptional(ownerID)
            creation.encode(into: &writer)
        case .delete(let path, let id):
            kind = 4
            path.encode(into: &writer)
            writer.writeOptional(id)
        case .commitGroup(let commit):
            kind = Self.commitKind
            commit.encode(into: &writer)
        case .replaceGroup(let replacement):
            kind = 6
            replacement.encode(into: &writer)
        case .noteBoots(let boots):
            kind = 7
            writer.writeVarint(UInt64(boots.count))
            for boot in boots.sorted(by: { $0.node < $1.node }) {
                writer.writeVarint(boot.node)
                writer.writeUInt64(boot.boot)
            }
        case .takeSnapshot(let take):
            kind = 8
            take.encode(into: &writer)
        case .attachSnapshot(let source, let target):
            kind = 9
            source.encode(into: &writer)
            target.encode(into: &writer)
        case .deleteSnapshot(let reference):
            kind = 10
            reference.encode(into: &writer)
        case .fileSnapshots(let filing):
            kind = 11
            filing.encode(into: &writer)
        }
        return Operation(store: .properties, kind: kind, body: writer.take())
    }
}

extension GroupCommit {
    fileprivate func encode(into writer: inout ByteWriter) {
        path.encode(into: &writer)
        writer.writeOptional(groupID)
        writer.writeOptional(base)
        writer.writeOptional(creation)
        writer.writeVarint(UInt64(edits.count))
        for edit in edits.sorted(by: { $0.name < $1.name }) {
            edit.encode(into: &writer)
        }
    }
}

extension GroupReplacement {
    fileprivate func encode(into writer: inout ByteWriter) {
        path.encode(into: &writer)
        writer.writeOptional(groupID)
        writer.writeOptional(base)
        writer.writeOptional(creation)
        writer.writeProperties(properties)
    }
}

extension PropertyEdit {
    fileprivate func encode(into writer: inout ByteWriter) {
        switch self {
        case .new: writer.writeUInt8(1)
        case .change: writer.writeUInt8(2)
        case .changeType: writer.writeUInt8(3)
        case .delete: writer.writeUInt8(4)
        case .set: writer.writeUInt8(5)
        }
        writer.writeString(name)
        content?.encode(into: &writer)
    }
}

extension PropertyPath {
    func encode(into writer: inout ByteWriter) {
        let bits =
            (instance == nil ? 0 : 1) | (group == nil ? 0 : 2) | (property == nil ? 0 : 4) as UInt8
        writer.writeUInt8(bits)
        writer.writeString(service)
        for name in [instance, group, property] {
            if let name { writer.writeString(name) }
        }
    }
}

extension GroupCreation {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.writeString(type)
        writer.writeBool(isPersistent)
    }
}

extension ByteWriter {
    /// The number, then each in the order of the names.
    mutating func writeProperties(_ properties: [Property]) {
        writeVarint(UInt64(properties.count))
        for property in properties.sorted(by: { $0.name < $1.name }) {
            writeString(property.name)
            property.content.encode(into: &self)
        }
    }

    mutating func writeOptional(_ id: EntityID?) {
        writeBool(id != nil)
        id?.encode(into: &self)
    }

    mutating func writeOptional(_ version: GroupVersion?) {
        writeBool(version != nil)
        version?.encode(into: &self)
    }

    mutating func writeOptional(_ creation: GroupCreation?) {
        writeBool(creation != nil)
        creation?.encode(into: &self)
    }
}

extension GroupResult {
    /// Identity, then version.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 24)
        id.encode(into: &writer)
        version.encode(into: &writer)
        return writer.take()
    }

    package init(_ result: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(result)
        let id = try EntityID.decode(&reader)
        self.init(id: id, version: try GroupVersion.decode(&reader))
        try reader.finish()
    }
}

extension EntityID {
    /// The encoding alone.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 12)
        encode(into: &writer)
        return writer.take()
    }

    package init(_ result: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(result)
        self = try .decode(&reader)
        try reader.finish()
    }
}

extension DropResult {
    /// The number (varint), then whether there are more (0 or 1).
    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeVarint(UInt64(dropped))
        writer.writeBool(isPartial)
        return writer.take()
    }

    package init(_ result: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(result)
        let dropped = try reader.readCount(limit: GroupCommit.editLimit, "groups dropped")
        self.init(dropped: dropped, isPartial: try reader.readBool())
        try reader.finish()
    }
}
