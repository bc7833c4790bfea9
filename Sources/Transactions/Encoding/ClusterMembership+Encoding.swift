package import Codec
import Identifiers

/// The encoding of the membership.
///
/// | bytes | field |
/// |---|---|
/// | 8 | founding |
/// | 3 × | voters, outgoing voters, learners: count (varint), nodes (varints, ascending) |
/// | varint | number of members, then each, ascending by node |
///
/// | bytes | field of a member |
/// |---|---|
/// | varint | node |
/// | 1 (+ 8) | 0, or 1 and the incarnation |
/// | 1 | 1: it rejoins with another data directory, and votes once it has caught up |
/// | varint | replicated time at which its data directory was last replaced; 0 never |
/// | varint length, UTF-8 | address for peers |
/// | varint length, UTF-8 | address for clients |
extension ClusterMembership {
    /// Bytes of a `host:port`.
    package static let addressBytes = 512

    package func encode(into writer: inout ByteWriter) {
        writer.writeUInt64(founding)
        for nodes in [voters, outgoing, learners] {
            writer.writeVarint(UInt64(nodes.count))
            for node in nodes {
                writer.writeVarint(node)
            }
        }
        writer.writeVarint(UInt64(members.count))
        for member in members {
            writer.writeVarint(member.node)
            writer.writeBool(member.incarnation != nil)
            if let incarnation = member.incarnation {
                writer.writeUInt64(incarnation)
            }
            writer.writeBool(member.isRejoining)
            writer.writeVarint(member.replacedMilliseconds)
            writer.writeString(member.peerAddress)
            writer.writeString(member.clientAddress)
        }
    }

    /// Reads a membership whose lists are sorted and whose members are exactly the nodes named.
    package static func decode(
        _ reader: inout ByteReader, limits: Limits
    ) throws(DecodingFailure) -> ClusterMembership {
        let start = reader.position
        let founding = try reader.readUInt64(FoundingID.self)
        let voters = try readNodes(&reader, limits: limits)
        let outgoing = try readNodes(&reader, limits: limits)
        let learners = try readNodes(&reader, limits: limits)
        let count = try reader.readCount(limit: limits.members, "member count")
        var members: [Member] = []
        for _ in 0..<count {
            let node = try reader.readVarint(NodeID.self)
            let incarnation = try reader.readBool() ? try reader.readUInt64(Incarnation.self) : nil
            let isRejoining = try reader.readBool()
            let replaced = try reader.readVarint()
            let peerAddress = try reader.readString(limit: addressBytes, "peer address")
            let clientAddress = try reader.readString(limit: addressBytes, "client address")
            var member = Member(
                node: node, incarnation: incarnation, peerAddress: peerAddress,
                clientAddress: clientAddress)
            member.isRejoining = isRejoining
            member.replacedMilliseconds = replaced
            members.append(member)
        }
        guard members.map(\.node) == Set(voters + outgoing + learners).sorted() else {
            throw .malformed(at: start, what: "members are not the nodes of the membership")
        }
        return ClusterMembership(
            founding: founding, voters: voters, outgoing: outgoing, learners: learners,
            members: members)
    }

    private static func readNodes(
        _ reader: inout ByteReader, limits: Limits
    ) throws(DecodingFailure) -> [NodeID] {
        let count = try reader.readCount(limit: limits.members, "node count")
        var nodes: [NodeID] = []
        for _ in 0..<count {
            let start = reader.position
            let node = try reader.readVarint(NodeID.self)
            guard node.rawValue > nodes.last?.rawValue ?? 0 else {
                throw .malformed(at: start, what: "nodes are not ascending from 1")
            }
            nodes.append(node)
        }
        return nodes
    }
}

/// The encoding of a trigger's cursor.
///
/// | bytes | field |
/// |---|---|
/// | varint length, UTF-8 | name of the trigger |
/// | varint | delivered through |
/// | 1 (+ varint length, UTF-8) | 0, or 1 and why it is suspended |
extension TriggerCursor {
    /// Bytes of a trigger's name, of the reason of a suspension.
    package static let nameBytes = 119
    package static let suspensionBytes = 1_024

    package func encode(into writer: inout ByteWriter) {
        writer.writeString(trigger)
        writer.writeVarint(deliveredThrough)
        writer.writeBool(suspension != nil)
        if let suspension {
            writer.writeString(suspension)
        }
    }

    package static func decode(
        _ reader: inout ByteReader
    ) throws(DecodingFailure) -> TriggerCursor {
        let trigger = try reader.readString(limit: nameBytes, "trigger name")
        let deliveredThrough = try reader.readVarint(LogIndex.self)
        let suspension =
            try reader.readBool()
            ? try reader.readString(limit: suspensionBytes, "reason of suspension") : nil
        return TriggerCursor(
            trigger: trigger, deliveredThrough: deliveredThrough, suspension: suspension)
    }
}
