import Properties

/// What one transaction does to one property (*scf_entry_create*), with the values it is given.
package final class Entry: HandleObject {
    /// What is done to the property.
    package enum Action: Sendable {
        case new
        case change
        case changeType
        case delete
    }

    /// Its part in a transaction.
    struct Part {
        let transaction: Transaction
        let name: String
        let action: Action
        /// None of a deletion.
        let type: PropertyType?
    }

    var part: Part?
    private(set) var values: [Value] = []

    /// Adds a value behind those it has (*scf_entry_add_value*).
    ///
    /// `notSet` where the entry is in no transaction; `invalidArgument` where that is not under way,
    /// though it may be invalid, for a deletion and for a value that holds nothing; `typeMismatch`; `inUse` for a value that is
    /// in an entry.
    package func add(_ value: Value) throws(Failure) {
        try requireSameHandle(value)
        try handle.locked { () throws(Failure) in
            guard let part else { throw .notSet }
            guard part.transaction.isOpen, let type = part.type, let held = try? value.content()
            else { throw .invalidArgument }
            guard held.type.isKind(of: type) else { throw .typeMismatch }
            guard value.entry == nil else { throw .inUse }
            value.entry = self
            values.append(value)
        }
    }

    /// Leaves its transaction, which then cannot be committed, and lets its values go.
    package func reset() {
        handle.locked { leave() }
    }

    /// Resets it; the values that it had, for their owner to free (*scf_entry_destroy_children*).
    package func dissolve() -> [Value] {
        handle.locked {
            let values = self.values
            leave()
            values.forEach { $0.clear() }
            return values
        }
    }

    // MARK: - Under the lock

    /// What its property is to hold; nil where the values do not make one.
    func edit() -> PropertyEdit? {
        guard let part else { return nil }
        guard let type = part.type else { return .delete(part.name) }
        let held = values.compactMap { try? $0.content().value }
        guard let content = PropertyContent(type: type, values: held) else { return nil }
        return switch part.action {
        case .new: .new(part.name, content)
        case .change: .change(part.name, content)
        case .changeType: .changeType(part.name, content)
        case .delete: nil
        }
    }

    /// A value of it is reset or freed: its transaction cannot be committed any more.
    func lose(_ value: Value) {
        value.entry = nil
        values.removeAll { $0 === value }
        part?.transaction.invalidate()
    }

    /// Leaves its transaction by itself.
    private func leave() {
        part?.transaction.lose(self)
        detach()
    }

    /// Forgets transaction and values, which keep what they hold.
    func detach() {
        part = nil
        values.forEach { $0.entry = nil }
        values = []
    }
}
