import Identifiers
import Raft

/// Rot on the simulated disks, and its repair from other nodes' logs.
extension Cluster {
    /// Makes the frame that begins at `first` unreadable; a node that runs finds it at once.
    func rot(_ node: NodeID, at first: LogIndex) {
        let place = place(node)
        guard let frame = nodes[place].disk.frames.first(where: { $0.firstIndex == first }) else {
            return
        }
        nodes[place].disk.rotten.insert(first)
        tell("\(node) rot at \(first)")
        guard nodes[place].isUp, nodes[place].disk.obstacles.contains(frame) else { return }
        // Answers that were waiting for the disk are lost.
        nodes[place].held = []
        step(node, .damaged(first: frame.firstIndex, last: frame.lastIndex))
    }

    /// Fetches what is lost on `node` from whoever can be reached, and has the leader send a snapshot
    /// or another node that has applied it, where nobody has the frame any more.
    func mend(_ node: NodeID) {
        let place = place(node)
        guard nodes[place].isUp, nodes[place].disk.pending.isEmpty else { return }
        for frame in nodes[place].disk.obstacles {
            let others = nodes.filter {
                $0.isUp && !cuts.contains([min(node, $0.identifier), max(node, $0.identifier)])
            }
            let isHeld = others.contains {
                $0.disk.frames.contains(frame) && !$0.disk.rotten.contains(frame.firstIndex)
            }
            if isHeld {
                nodes[place].disk.rotten.remove(frame.firstIndex)
                tell("\(node) fetches \(frame.firstIndex)")
            } else if let holder = others.first(where: {
                $0.disk.appliedPosition.index >= frame.lastIndex
            }) {
                step(node, .needSnapshot(of: holder.identifier))
            }
        }
        endDamage(node)
    }

    /// Tells the core of `node` when no damage is left.
    func endDamage(_ node: NodeID) {
        let place = place(node)
        guard let core = nodes[place].core, core.isDamaged, nodes[place].disk.pending.isEmpty,
            nodes[place].disk.obstacles.isEmpty
        else { return }
        let isHidden = nodes[place].disk.isHidden
        let tail =
            isHidden
            ? nodes[place].disk.frames.filter { $0.firstIndex > core.lastPosition.index } : []
        nodes[place].disk.isHidden = false
        nodes[place].log += tail
        tell("\(node) repaired, \(tail.count) frames come to light")
        step(node, .repaired(tail))
    }

    /// A frame of `node` whose loss the cluster can stand: another node holds it or its effects.
    ///
    /// What nobody else holds is not committed, but a cluster of two could not go on without it.
    func expendable(on node: ClusterNode) -> FrameDescriptor? {
        let others = nodes.filter { $0.identifier != node.identifier }
        return node.disk.frames.filter { frame in
            others.contains { other in
                other.disk.applied.contains(frame)
                    || other.disk.frames.contains(frame)
                        && !other.disk.rotten.contains(frame.firstIndex)
            }
        }.randomElement(using: &random)
    }
}
