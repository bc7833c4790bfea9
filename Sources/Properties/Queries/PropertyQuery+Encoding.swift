import Codec
import Transactions

// The encoding is in the tables of `PropertyQuery`.
extension PropertyQuery {
    package var body: [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .entity(let path), .property(let path):
            path.encode(into: &writer)
        case .group(let path, let ownerID, let groupID, let known):
            path.encode(into: &writer)
            writer.writeOptional(ownerID)
            writer.writeOptional(groupID)
            writer.writeOptional(known)
        case .list(let children, let page):
            children.encode(into: &writer)
            page.encode(into: &writer)
        case .groups(let source, let type, let page):
            source.encode(into: &writer)
            writer.writeOptional(type)
            page.encode(into: &writer)
        case .composedGroup(let source, let name):
            source.encode(into: &writer)
            writer.writeString(name)
        case .composedGroups(let source, let type, let page):
            source.encode(into: &writer)
            writer.writeOptional(type)
            page.encode(into: &writer)
        case .snapshots(let path, let id, let page):
            path.encode(into: &writer)
            writer.writeOptional(id)
            page.encode(into: &writer)
        case .snapshot(let reference, let instanceID):
            writer.writeOptional(instanceID)
            reference.encode(into: &writer)
        case .levelGroup(let content, let level, let name):
            content.encode(into: &writer)
            writer.writeUInt8(level.rawValue)
            writer.writeString(name)
        }
        return writer.take()
    }
}

extension PropertyQuery.Page {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.writeString(prefix)
        writer.writeString(after)
        writer.writeVarint(UInt64(limit))
    }
}

extension PropertyChildren {
    fileprivate func encode(into writer: inout ByteWriter) {
        switch self {
        case .services:
            writer.writeUInt8(1)
        case .instances(let path, let id):
            writer.writeUInt8(2)
            path.encode(into: &writer)
            writer.writeOptional(id)
        case .groups(let path, let id):
            writer.writeUInt8(3)
            path.encode(into: &writer)
            writer.writeOptional(id)
        }
    }
}

extension GroupSource {
    fileprivate func encode(into writer: inout ByteWriter) {
        switch self {
        case .owner(let path, let id):
            writer.writeUInt8(0)
            path.encode(into: &writer)
            writer.writeOptional(id)
        case .level(let content, let level):
            writer.writeUInt8(1)
            content.encode(into: &writer)
            writer.writeUInt8(level.rawValue)
        }
    }
}

extension ComposedSource {
    fileprivate func encode(into writer: inout ByteWriter) {
        instance.encode(into: &writer)
        writer.writeOptional(id)
        writer.writeOptional(content)
    }
}

extension ByteWriter {
    fileprivate mutating func writeOptional(_ text: String?) {
        writeBool(text != nil)
        if let text { writeString(text) }
    }
}
