package import Codec
package import Identifiers
import Transactions

/// A node of the cluster, and which run of its process it is in.
package struct NodeBoot: Hashable, Sendable {
    package let node: NodeID
    /// Drawn at random when the process starts; 0: not known.
    package let boot: UInt64

    package init(node: NodeID, boot: UInt64) {
        self.node = node
        self.boot = boot
    }
}

/// Which runs of the nodes' processes the log knows, and since when groups that are not persistent live.
///
/// Such groups are cleared once every member has started anew since the last clearing: those that
/// were made before the record that tells of the last of these starts.
///
/// | bytes | field |
/// |---|---|
/// | varint | index of the record that began the last clearing, 0: none has |
/// | 1 | whether groups made before it are still to be dropped |
/// | varint | number of members, then each, ascending |
/// | varint | node |
/// | 8 | its boot, 0: not known |
/// | 8 | its boot as of the last clearing, 0: it was no member |
package struct BootRegister: Hashable, Sendable {
    /// What is known of one member.
    package struct Member: Hashable, Sendable {
        package let node: NodeID
        package var boot: UInt64
        package var clearedBoot: UInt64
    }

    package private(set) var clearing = LogIndex.zero
    package var isClearing = false
    package private(set) var members: [Member] = []

    package static let memberLimit = 256

    package init() {}

    /// Takes up what the leader knows of all members at `index`; begins a clearing if one is due.
    package mutating func note(_ boots: [NodeBoot], at index: LogIndex) {
        members = boots.map { known in
            var member =
                members.first { $0.node == known.node }
                ?? Member(node: known.node, boot: 0, clearedBoot: 0)
            if known.boot != 0 { member.boot = known.boot }
            return member
        }
        guard members.allSatisfy({ $0.boot != 0 && $0.boot != $0.clearedBoot }) else { return }
        for place in members.indices { members[place].clearedBoot = members[place].boot }
        clearing = index
        isClearing = true
    }

    /// Whether a record with these boots would change anything, or go on with a clearing.
    package func needs(_ boots: [NodeBoot]) -> Bool {
        var next = self
        next.note(boots, at: clearing)
        return next != self || isClearing
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 16 + members.count * 20)
        writer.writeVarint(clearing)
        writer.writeBool(isClearing)
        writer.writeVarint(UInt64(members.count))
        for member in members {
            writer.writeVarint(member.node)
            writer.writeUInt64(member.boot)
            writer.writeUInt64(member.clearedBoot)
        }
        return writer.take()
    }

    package init(_ row: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(row)
        clearing = try reader.readVarint(LogIndex.self)
        isClearing = try reader.readBool()
        for _ in 0..<(try reader.readCount(limit: Self.memberLimit, "member count")) {
            members.append(
                Member(
                    node: try reader.readVarint(NodeID.self), boot: try reader.readUInt64(),
                    clearedBoot: try reader.readUInt64()))
        }
        try reader.finish()
    }
}
