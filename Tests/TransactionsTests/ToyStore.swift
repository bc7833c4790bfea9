import Codec
import Identifiers
import KeyValue
import Stores
import Transactions

/// A store of single bytes: kind 1 puts body[1] at key body[0], 2 deletes, 3 fails after a put,
/// 4 returns body[0] × 256 bytes, 5 makes body[0] × 256 changes, 6 fails in the engine.
struct ToyStore: Store {
    static let id = StoreID(rawValue: 0x77)
    var identifier: StoreID { Self.id }

    func validate(_ operation: Operation) throws(StoreFailure) {
        guard !operation.body.isEmpty else { throw .abort(.malformed, "empty body") }
    }

    func apply<V: View>(
        _ operation: Operation, to view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8] {
        try validate(operation)
        let key = [identifier.rawValue, operation.body[0]]
        let old: Row?
        do {
            old = try view.get(key)
        } catch {
            throw .engine(error)
        }
        switch operation.kind {
        case 1:
            view.put(key, Array(operation.body.dropFirst()))
            context.record(
                store: identifier, key: "k\(operation.body[0])", old: old?.value,
                new: Array(operation.body.dropFirst()))
            return [UInt8(context.step)]
        case 2:
            view.delete(key)
            context.record(
                store: identifier, key: "k\(operation.body[0])", old: old?.value, new: nil)
            return []
        case 3:
            view.put(key, [0xEE])
            throw .abort(.notFound, "toy failure")
        case 4:
            return Array(repeating: 0, count: Int(operation.body[0]) * 256)
        case 5:
            for number in 0..<Int(operation.body[0]) * 256 {
                context.record(store: identifier, key: "n\(number)", old: nil, new: nil)
            }
            return []
        default:
            throw .engine(EngineFailure("get", reason: "toy disk"))
        }
    }

    func read<V: ReadView>(
        kind: UInt8, body: [UInt8], from view: V
    ) throws(StoreFailure) -> [UInt8] {
        do {
            return try view.get([identifier.rawValue] + body)?.value ?? []
        } catch {
            throw .engine(error)
        }
    }

    static func put(_ key: UInt8, _ value: UInt8) -> Step {
        step(1, [key, value])
    }

    static func step(_ kind: UInt8, _ body: [UInt8]) -> Step {
        .operation(Operation(store: id, kind: kind, body: body))
    }
}

/// Vetoes every change of the key `forbidden`, and notes what it is called for.
struct ToyGuard: CommitGuard {
    var forbidden: String
    let log: Log

    /// Used by one test on one thread.
    final class Log: @unchecked Sendable {
        var entries: [String] = []
    }

    mutating func prepare<V: ReadView>(_ view: V) throws(EngineFailure) {
        log.entries.append("prepare \(try view.get([0x77, 1])?.value ?? [])")
    }

    mutating func review<V: ReadView>(
        _ commit: ProposedCommit, in view: V
    ) throws(StoreFailure) {
        do {
            log.entries.append("review \(try view.get([0x77, 1])?.value ?? [])")
        } catch {
            throw .engine(error)
        }
        if commit.changes.contains(where: { $0.key == forbidden }) {
            throw .abort(.vetoed, "\(forbidden) is forbidden")
        }
    }

    mutating func advance<V: View>(
        _ cursors: [TriggerCursor], in view: inout V
    ) throws(EngineFailure) {
        for cursor in cursors {
            view.put([0x50] + Array(cursor.trigger.utf8), [])
        }
    }

    mutating func forget() {
        log.entries.append("forget")
    }
}
