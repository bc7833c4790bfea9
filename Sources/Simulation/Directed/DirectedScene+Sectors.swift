import Codec
import Identifiers
import Replication
import WAL

/// Rows of sectors that a disk cannot read.
extension DirectedScene {
    /// Loses the sector in which a group's frames begin; nothing of it was lost before.
    private func lose(_ group: LogGroup) throws(Unmet) {
        let place = group.payload
        try need(
            nodes.loseSector(host, group.path, at: place),
            "the sector of byte \(place) cannot be lost")
    }

    mutating func loseSectorWhileRunning() throws(Unmet) {
        try breakUnapplied(of: 60) { (scene) throws(Unmet) in try scene.lose(scene.group(back: 30))
        }
        try need(host.process != nil, "it has stopped")
        try need(nodes.steps(host).contains(.foundRotRunning), "it was not taken for rot")
    }

    mutating func loseSector() throws(Unmet) {
        for host in nodes.hosts { host.batchesKept = 0 }
        try write(80)
        try lose(group(back: 40))
        nodes.cluster.start(host)
        try need(host.process != nil, "it does not start: \(nodes.refusals)")
        try need(host.replica?.report().isRepairing == true, "it was not taken for rot")
    }

    /// Whether there was another group behind the last that can be read, nothing tells.
    mutating func loseEnd() throws(Unmet) {
        try write(60)
        let group = try need(nodes.groups(host).last, "the log is empty")
        try lose(group)
        try need(nodes.start(), "nobody leads without it")
        try need(host.process == nil, "it has started")
        try need(
            nodes.refusals.contains { $0.contains(group.path) }, "it does not name the segment")
        nodes.wipe(host)
    }
}
