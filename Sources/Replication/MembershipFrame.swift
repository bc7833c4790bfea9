package import Codec
import Compression
import Digests
package import Identifiers
package import Raft
package import Transactions

/// Frames that hold one membership record and are never compressed, so that any node can read them
/// before it has applied anything.
package enum MembershipFrame {
    /// The membership in a sealed frame.
    package static func read(
        _ frame: SealedFrame, limits: Limits
    ) throws(DecodingFailure) -> ClusterMembership {
        let raw: [UInt8]
        do {
            raw = try FrameOpener(limits: limits).open(frame)
        } catch {
            throw .malformed(at: 0, what: "membership frame: \(error)")
        }
        var payload = try FramePayload.Reader(raw, count: Int(frame.header.count), limits: limits)
        guard let range = try payload.next() else {
            throw .malformed(at: 0, what: "membership frame without a record")
        }
        var reader = ByteReader(raw, in: range)
        guard case .membership(let membership) = try Record.decode(&reader, limits: limits) else {
            throw .malformed(at: 0, what: "membership frame with another record")
        }
        return membership
    }
}

extension ClusterMembership {
    /// The names alone, as the consensus core wants them.
    package var core: Membership {
        Membership(voters: voters, outgoing: outgoing, learners: learners)
    }

    /// These first members with their data directories, and the name that follows from them.
    func founded(by directories: [NodeID: Incarnation]) -> ClusterMembership {
        var result = self
        let digester = Digester()
        for place in result.members.indices {
            let node = result.members[place].node
            guard let incarnation = directories[node] else {
                preconditionFailure("node \(node) founds a cluster without a directory")
            }
            result.members[place].incarnation = incarnation
            var writer = ByteWriter(capacity: 16)
            writer.writeUInt64(node)
            writer.writeUInt64(incarnation)
            digester.update(writer.take())
        }
        result.founding = FoundingID(max(1, digester.finishBits128().low))
        return result
    }

    /// The same cluster with the names rearranged as `core` says; places of nodes that left go.
    package func rearranged(as core: Membership, adding extra: [Member] = []) -> ClusterMembership {
        let everyone = core.everyone
        var places = members.filter { member in
            everyone.contains(member.node) && !extra.contains { $0.node == member.node }
        }
        places.append(contentsOf: extra.filter { everyone.contains($0.node) })
        places.sort { $0.node < $1.node }
        return ClusterMembership(
            founding: founding, voters: core.voters, outgoing: core.outgoing,
            learners: core.learners,
            members: places)
    }

    package func member(_ node: NodeID) -> Member? {
        members.first { $0.node == node }
    }
}
