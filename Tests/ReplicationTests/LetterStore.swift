import Identifiers
import KeyValue
import Stores
import Transactions

/// The smallest store that can tell whether a cluster works: named byte strings.
///
/// Kind 1 puts, kind 2 appends (a repetition shows), kind 3 fails. Body: a name's length, the name,
/// the value.
struct LetterStore: Store {
    static let number = StoreID(rawValue: 0x77)

    /// Called with each operation that is applied.
    var applying: @Sendable () -> Void = {}

    var identifier: StoreID { Self.number }

    static func put(_ name: String, _ value: [UInt8]) -> Step {
        step(1, name, value)
    }

    static func append(_ name: String, _ value: [UInt8]) -> Step {
        step(2, name, value)
    }

    private static func step(_ kind: UInt8, _ name: String, _ value: [UInt8]) -> Step {
        .operation(
            Operation(
                store: number, kind: kind,
                body: [UInt8(name.utf8.count)] + Array(name.utf8) + value))
    }

    static func key(_ name: String) -> [UInt8] {
        [number.rawValue] + Array(name.utf8)
    }

    func validate(_ operation: Operation) throws(StoreFailure) {}

    func apply<V: View>(
        _ operation: Operation, to view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8] {
        applying()
        guard let length = operation.body.first, operation.body.count > Int(length) else {
            throw .abort(.malformed, "no name")
        }
        let name = Array(operation.body[1...Int(length)])
        let value = Array(operation.body[(Int(length) + 1)...])
        let key = [identifier.rawValue] + name
        let old: [UInt8]?
        do {
            old = try view.get(key)?.value
        } catch {
            throw .engine(error)
        }
        let new = operation.kind == 2 ? (old ?? []) + value : value
        guard operation.kind != 3 else { throw .abort(.invalidArgument, "it fails") }
        view.put(key, new)
        context.record(
            store: identifier, key: String(decoding: name, as: UTF8.self), old: old, new: new)
        return []
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
}
