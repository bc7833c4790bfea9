package import Codec
package import Identifiers
package import KeyValue
package import Stores
package import Transactions

/// The store of trigger definitions and of the cursors of those that the leader runs.
///
/// | key | value |
/// |---|---|
/// | `50 01`, name | definition (`TriggerDefinition`'s form) |
/// | `50 02`, name | cursor: varint delivered through, varint gap accepted through, then a string: why it is suspended, or empty; none for a pre-commit trigger |
package struct TriggerStore: Store {
    /// What a step can do with triggers; it has no result.
    ///
    /// | kind | operation | body |
    /// |--:|---|---|
    /// | 1 | add | definition, as in its row |
    /// | 2 | remove | name, UTF-8 without a length |
    /// | 3 | resume | name, UTF-8 without a length |
    package enum OperationKind: UInt8, Sendable {
        /// It begins with what commits after it.
        case add = 1
        case remove = 2
        /// Ends a suspension; delivery goes on behind the cursor, or behind a gap that there was up
        /// to this record.
        case resume = 3
    }

    /// The read of all triggers, with an empty body; there is no other.
    ///
    /// | field of the reply | form |
    /// |---|---|
    /// | triggers | varint count; in the order of their names, for each: |
    /// | definition | as in its row |
    /// | delivered through | varint; 0 for a pre-commit trigger |
    /// | suspension | string: why it is suspended, or empty |
    /// | gap accepted through | varint; 0 where it was never resumed |
    package static let listRead: UInt8 = 1

    package let identifier = StoreID.triggers
    private let limits: Limits

    package init(limits: Limits = .standard) {
        self.limits = limits
    }

    // MARK: Operations

    package static func add(_ definition: TriggerDefinition) -> Operation {
        var writer = ByteWriter()
        definition.encode(into: &writer)
        return Operation(store: .triggers, kind: OperationKind.add.rawValue, body: writer.take())
    }

    package static func remove(_ name: String) -> Operation {
        Operation(store: .triggers, kind: OperationKind.remove.rawValue, body: Array(name.utf8))
    }

    package static func resume(_ name: String) -> Operation {
        Operation(store: .triggers, kind: OperationKind.resume.rawValue, body: Array(name.utf8))
    }

    package func validate(_ operation: Operation) throws(StoreFailure) {
        switch try kind(of: operation) {
        case .add: _ = try definition(in: operation)
        case .remove, .resume: _ = try name(in: operation)
        }
    }

    package func apply<V: View>(
        _ operation: Operation, to view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8] {
        switch try kind(of: operation) {
        case .add: try add(try definition(in: operation), operation.body, &view, &context)
        case .remove: try remove(try name(in: operation), &view, &context)
        case .resume: try resume(try name(in: operation), &view, &context)
        }
        return []
    }

    private func kind(of operation: Operation) throws(StoreFailure) -> OperationKind {
        guard let kind = OperationKind(rawValue: operation.kind) else {
            throw .abort(.malformed, "the trigger store has no operation \(operation.kind)")
        }
        return kind
    }

    private func definition(in operation: Operation) throws(StoreFailure) -> TriggerDefinition {
        let definition: TriggerDefinition
        do {
            var reader = ByteReader(operation.body)
            definition = try TriggerDefinition.decode(&reader)
            try reader.finish()
        } catch {
            throw .abort(.malformed, "trigger: \(error)")
        }
        if let fault = definition.fault { throw .abort(.invalidArgument, fault) }
        return definition
    }

    private func name(in operation: Operation) throws(StoreFailure) -> String {
        guard let name = String(validating: operation.body, as: UTF8.self),
            TriggerDefinition.isName(name)
        else { throw .abort(.invalidArgument, "that is no name of a trigger") }
        return name
    }

    private func add<V: View>(
        _ definition: TriggerDefinition, _ body: [UInt8], _ view: inout V,
        _ context: inout ApplyContext
    ) throws(StoreFailure) {
        let key = Self.definitionKey(definition.name)
        guard try view.row(key) == nil else {
            throw .abort(.exists, "trigger \(definition.name) is there already; remove it first")
        }
        var count = 0
        var bytes = body.count
        try view.rows(KeyRange(prefix: Self.definitionPrefix)) { _, row in
            count += 1
            bytes += row.value.count
            return true
        }
        guard count < limits.triggers else {
            throw .abort(.limitExceeded, "there are \(count) triggers, the limit; remove some")
        }
        guard bytes <= limits.triggerBytes else {
            throw .abort(
                .limitExceeded,
                "with trigger \(definition.name) the definitions have \(bytes) bytes in all, and the "
                    + "limit is \(limits.triggerBytes); remove some, or make it smaller")
        }
        view.put(key, body)
        if definition.kind != .preCommit {
            Self.writeCursor(
                TriggerCursor(
                    trigger: definition.name, deliveredThrough: context.index, suspension: nil),
                gapAcceptedThrough: .zero, to: &view)
        }
        context.record(
            store: identifier, key: definition.name, old: nil, new: body)
    }

    private func remove<V: View>(
        _ name: String, _ view: inout V, _ context: inout ApplyContext
    ) throws(StoreFailure) {
        guard let row = try view.row(Self.definitionKey(name)) else {
            throw .abort(.notFound, "there is no trigger \(name)")
        }
        view.delete(Self.definitionKey(name))
        view.delete(Self.cursorKey(name))
        context.record(store: identifier, key: name, old: row.value, new: nil)
    }

    private func resume<V: View>(
        _ name: String, _ view: inout V, _ context: inout ApplyContext
    ) throws(StoreFailure) {
        guard let row = try view.row(Self.definitionKey(name)) else {
            throw .abort(.notFound, "there is no trigger \(name)")
        }
        let found: CursorRow?
        do {
            found = try Self.cursor(of: name, in: view)
        } catch {
            throw .engine(error)
        }
        guard let found, found.cursor.suspension != nil else {
            throw .abort(.constraintViolated, "trigger \(name) is not suspended")
        }
        Self.writeCursor(
            TriggerCursor(
                trigger: name, deliveredThrough: found.cursor.deliveredThrough, suspension: nil),
            gapAcceptedThrough: context.index, to: &view)
        context.record(store: identifier, key: name, old: row.value, new: row.value)
    }

    // MARK: Reads

    package func read<V: ReadView>(
        kind: UInt8, body: [UInt8], from view: V
    ) throws(StoreFailure) -> [UInt8] {
        guard kind == Self.listRead, body.isEmpty else {
            throw .abort(.malformed, "the trigger store has no read \(kind)")
        }
        do {
            let triggers = try Self.list(in: view)
            var writer = ByteWriter()
            writer.writeVarint(UInt64(triggers.count))
            for trigger in triggers {
                trigger.definition.encode(into: &writer)
                writer.writeVarint(trigger.deliveredThrough)
                writer.writeString(trigger.suspension ?? "")
                writer.writeVarint(trigger.gapAcceptedThrough)
            }
            return writer.take()
        } catch {
            throw .engine(error)
        }
    }

    /// Reads what `read` of kind `listRead` answers.
    package static func decodeList(
        _ bytes: [UInt8], limits: Limits
    ) throws(DecodingFailure) -> [RegisteredTrigger] {
        var reader = ByteReader(bytes)
        var triggers: [RegisteredTrigger] = []
        for _ in 0..<(try reader.readCount(limit: limits.triggers, "triggers")) {
            let definition = try TriggerDefinition.decode(&reader)
            let through = try reader.readVarint(LogIndex.self)
            let suspension = try reader.readString(
                limit: TriggerBounds.textBytes, "suspension")
            triggers.append(
                RegisteredTrigger(
                    definition: definition, deliveredThrough: through,
                    suspension: suspension.isEmpty ? nil : suspension,
                    gapAcceptedThrough: try reader.readVarint(LogIndex.self)))
        }
        try reader.finish()
        return triggers
    }
}

/// A definition with how far its deliveries have come.
package struct RegisteredTrigger: Hashable, Sendable {
    package let definition: TriggerDefinition
    package let deliveredThrough: LogIndex
    package let suspension: String?
    /// Change sets up to here that were trimmed undelivered are passed over.
    ///
    /// Whoever resumed the trigger knew of them. Zero if it was never resumed.
    package let gapAcceptedThrough: LogIndex

    package init(
        definition: TriggerDefinition, deliveredThrough: LogIndex, suspension: String?,
        gapAcceptedThrough: LogIndex = .zero
    ) {
        self.definition = definition
        self.deliveredThrough = deliveredThrough
        self.suspension = suspension
        self.gapAcceptedThrough = gapAcceptedThrough
    }
}
