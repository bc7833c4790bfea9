import Codec
import Identifiers
package import KeyValue
import Transactions

extension TriggerStore {
    static let definitionPrefix: [UInt8] = [StoreID.triggers.rawValue, 1]
    static let cursorPrefix: [UInt8] = [StoreID.triggers.rawValue, 2]

    static func definitionKey(_ name: String) -> [UInt8] {
        definitionPrefix + Array(name.utf8)
    }

    static func cursorKey(_ name: String) -> [UInt8] {
        cursorPrefix + Array(name.utf8)
    }

    /// All triggers by name.
    package static func list(
        in view: some ReadView
    ) throws(EngineFailure) -> [RegisteredTrigger] {
        var definitions: [TriggerDefinition] = []
        var failure: DecodingFailure?
        try view.scan(KeyRange(prefix: definitionPrefix), reverse: false) { _, row in
            do throws(DecodingFailure) {
                var reader = ByteReader(row.value)
                definitions.append(try TriggerDefinition.decode(&reader))
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw EngineFailure("read the triggers", reason: "\(failure)") }
        var result: [RegisteredTrigger] = []
        for definition in definitions {
            let row = try cursor(of: definition.name, in: view)
            result.append(
                RegisteredTrigger(
                    definition: definition, deliveredThrough: row?.cursor.deliveredThrough ?? .zero,
                    suspension: row?.cursor.suspension,
                    gapAcceptedThrough: row?.gapAcceptedThrough ?? .zero))
        }
        return result
    }

    /// A cursor's row.
    struct CursorRow {
        let cursor: TriggerCursor
        let gapAcceptedThrough: LogIndex
    }

    static func cursor(
        of name: String, in view: some ReadView
    ) throws(EngineFailure) -> CursorRow? {
        guard let row = try view.get(cursorKey(name)) else { return nil }
        do throws(DecodingFailure) {
            var reader = ByteReader(row.value)
            let through = try reader.readVarint(LogIndex.self)
            let gapAcceptedThrough = try reader.readVarint(LogIndex.self)
            let suspension = try reader.readString(
                limit: TriggerCursor.suspensionBytes, "suspension")
            try reader.finish()
            return CursorRow(
                cursor: TriggerCursor(
                    trigger: name, deliveredThrough: through,
                    suspension: suspension.isEmpty ? nil : suspension),
                gapAcceptedThrough: gapAcceptedThrough)
        } catch {
            throw EngineFailure("read the cursor of trigger \(name)", reason: "\(error)")
        }
    }

    static func writeCursor<V: View>(
        _ cursor: TriggerCursor, gapAcceptedThrough: LogIndex, to view: inout V
    ) {
        var writer = ByteWriter()
        writer.writeVarint(cursor.deliveredThrough)
        writer.writeVarint(gapAcceptedThrough)
        writer.writeString(cursor.suspension ?? "")
        view.put(cursorKey(cursor.trigger), writer.take())
    }
}
