import Codec
import WAL

/// A row of the recovery table that random runs hardly come to, brought about by hand on whole nodes.
package enum DirectedRow: String, Sendable, CaseIterable {
    case header = "header rewritten from its copy"
    case segment = "start refused for a segment"
    case behindEngine = "log begun anew behind the engine"
    case alone = "start refused alone"
    case running = "rot found while running"
    case lent = "snapshot lent without a leader"
    case conflict = "damage ended by a conflict"
    case forgotten = "uncommitted damage forgotten"
    case anew = "log begun anew in damage"
    case sectorRunning = "unreadable sector found while running"
    case sectorAtStart = "unreadable sector found at the start"
    case sectorRefused = "start refused for a sector"

    /// Brings the row about; what is wrong, such as that it was not met.
    package func run() -> [String] {
        var scene = DirectedScene(nodes: WholeNodes(nodes: self == .alone ? 1 : 3, limits: limits))
        do throws(DirectedScene.Unmet) {
            switch self {
            case .header: try scene.rewriteHeader()
            case .segment: try scene.refuseSegment()
            case .behindEngine: try scene.beginBehindEngine()
            case .alone: try scene.refuseAlone()
            case .running: try scene.findWhileRunning()
            case .lent: try scene.lend()
            case .conflict: try scene.giveWay()
            case .forgotten: try scene.forget()
            case .anew: try scene.beginAnew()
            case .sectorRunning: try scene.loseSectorWhileRunning()
            case .sectorAtStart: try scene.loseSector()
            case .sectorRefused: try scene.loseEnd()
            }
        } catch {
            return ["\(rawValue): \(error.text)"]
        }
        return scene.objections(to: self)
    }

    private var limits: Limits {
        var limits = RunSettings().limits
        guard self == .lent else { return limits }
        limits.retainedLogBytes = 8 << 10
        limits.segmentBytes = 16 << 10
        limits.frameCacheBytes = 4 << 10
        return limits
    }

    /// The step that a node must have come to; nil where the row is that it does not start.
    var step: RecoverySteps? {
        switch self {
        case .header: .rewroteHeader
        case .segment, .alone, .sectorRefused: nil
        case .behindEngine: .beganBehindEngine
        case .running: .foundRotRunning
        case .lent: .borrowedSnapshot
        case .conflict: .gaveWayToConflict
        case .forgotten: .forgotUncommitted
        case .anew: .beganAnewInDamage
        case .sectorRunning: .tookSectorForRotRunning
        case .sectorAtStart: .tookSectorForRot
        }
    }
}
