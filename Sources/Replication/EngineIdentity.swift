import Codec
package import Identifiers
import KeyValue
import WAL

/// Whose state an engine holds, kept in its node-local key space: a folder that was copied from
/// another node or cluster is not taken for this node's own.
///
/// | bytes | field |
/// |--:|---|
/// | 16 | cluster: high word, low word |
/// | 8 | node |
/// | 8 | incarnation |
package struct EngineIdentity: Hashable, Sendable, CustomStringConvertible {
    package let cluster: ClusterID
    package let node: NodeID
    package let incarnation: Incarnation

    static let key: [UInt8] = [0x00, 0x01]

    package init(cluster: ClusterID, node: NodeID, incarnation: Incarnation) {
        self.cluster = cluster
        self.node = node
        self.incarnation = incarnation
    }

    package var description: String {
        "node \(node), incarnation \(incarnation) of cluster \(cluster)"
    }

    /// The row as a change.
    var change: WriteBatch.Change {
        var writer = ByteWriter(capacity: 32)
        writer.writeBits128(cluster.bits)
        writer.writeUInt64(node)
        writer.writeUInt64(incarnation)
        return .put(key: Self.key, row: Row(version: .zero, value: writer.take()))
    }

    /// The identity that an engine holds; nil where there is none.
    static func read(_ view: some ReadView) throws(EngineFailure) -> EngineIdentity? {
        guard let row = try view.get(key) else { return nil }
        do throws(DecodingFailure) {
            var reader = ByteReader(row.value)
            let identity = EngineIdentity(
                cluster: ClusterID(try reader.readBits128()),
                node: try reader.readUInt64(NodeID.self),
                incarnation: try reader.readUInt64(Incarnation.self))
            try reader.finish()
            return identity
        } catch {
            throw EngineFailure("read the engine's identity", reason: error.description)
        }
    }

    /// Takes over an engine that holds nothing, and refuses one that holds another node's state.
    func claim(_ engine: any Engine, in directory: String) throws {
        let found = try Self.read(engine)
        guard found != self else { return }
        if found == nil, try AppliedPosition.read(engine) == .start,
            try engine.get(SystemRows.membership) == nil
        {
            var batch = WriteBatch()
            batch.changes.append(change)
            try engine.write(batch)
            try engine.flush()
            return
        }
        let owner = found.map { "of \($0)" } ?? "of no node"
        throw ReplicationFailure.inconsistent(
            "the engine in \(directory) holds the state \(owner), and this is \(self); put back "
                + "the node's own, or, " + WALFailure.rejoining)
    }
}
