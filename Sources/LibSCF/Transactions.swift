import SCF

// scf_transaction_create(3SCF), scf_entry_create(3SCF)

@c(scf_transaction_create) public func scfTransactionCreate(
    _ handle: ObjectPointer?
) -> ObjectPointer? {
    unsafe make { () throws(Failure) in Transaction(try unsafe parent(handle)) }
}

@c(scf_transaction_handle) public func scfTransactionHandle(
    _ transaction: ObjectPointer?
) -> ObjectPointer? {
    unsafe handlePointer(transaction)
}

@c(scf_transaction_start) public func scfTransactionStart(
    _ transaction: ObjectPointer?, _ group: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(transaction, Transaction.self).start(object(group))
    }
}

@c(scf_transaction_reset) public func scfTransactionReset(_ transaction: ObjectPointer?) {
    if let found = try? unsafe object(transaction, Transaction.self) { found.reset() }
}

@c(scf_transaction_reset_all) public func scfTransactionResetAll(_ transaction: ObjectPointer?) {
    if let found = try? unsafe object(transaction, Transaction.self) { found.resetAll() }
}

@c(scf_transaction_destroy) public func scfTransactionDestroy(_ transaction: ObjectPointer?) {
    if let found = try? unsafe object(transaction, Transaction.self) {
        found.reset()
        unsafe release(transaction)
    }
}

@c(scf_transaction_destroy_children) public func scfTransactionDestroyChildren(
    _ transaction: ObjectPointer?
) {
    guard let found = try? unsafe object(transaction, Transaction.self) else { return }
    let (entries, values) = found.dissolve()
    for value in values { release(value) }
    for entry in entries { release(entry) }
}

@c(scf_transaction_commit) public func scfTransactionCommit(_ transaction: ObjectPointer?) -> CInt {
    answer { () throws(Failure) in
        try unsafe object(transaction, Transaction.self).commit() ? 1 : 0
    }
}

/// Takes up one edit.
private func add(
    _ transaction: ObjectPointer?, _ entry: ObjectPointer?, _ action: Entry.Action,
    _ name: Text?, _ wanted: CInt
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(transaction, Transaction.self).add(
            object(entry), action, text(name), type(wanted))
    }
}

@c(scf_transaction_property_new) public func scfTransactionPropertyNew(
    _ transaction: ObjectPointer?, _ entry: ObjectPointer?, _ name: Text?, _ wanted: CInt
) -> CInt {
    unsafe add(transaction, entry, .new, name, wanted)
}

@c(scf_transaction_property_change) public func scfTransactionPropertyChange(
    _ transaction: ObjectPointer?, _ entry: ObjectPointer?, _ name: Text?, _ wanted: CInt
) -> CInt {
    unsafe add(transaction, entry, .change, name, wanted)
}

@c(scf_transaction_property_change_type) public func scfTransactionPropertyChangeType(
    _ transaction: ObjectPointer?, _ entry: ObjectPointer?, _ name: Text?, _ wanted: CInt
) -> CInt {
    unsafe add(transaction, entry, .changeType, name, wanted)
}

@c(scf_transaction_property_delete) public func scfTransactionPropertyDelete(
    _ transaction: ObjectPointer?, _ entry: ObjectPointer?, _ name: Text?
) -> CInt {
    unsafe add(transaction, entry, .delete, name, 0)
}

// MARK: - Entries

@c(scf_entry_create) public func scfEntryCreate(_ handle: ObjectPointer?) -> ObjectPointer? {
    unsafe make { () throws(Failure) in Entry(try unsafe parent(handle)) }
}

@c(scf_entry_handle) public func scfEntryHandle(_ entry: ObjectPointer?) -> ObjectPointer? {
    unsafe handlePointer(entry)
}

@c(scf_entry_reset) public func scfEntryReset(_ entry: ObjectPointer?) {
    if let found = try? unsafe object(entry, Entry.self) { found.reset() }
}

@c(scf_entry_destroy) public func scfEntryDestroy(_ entry: ObjectPointer?) {
    if let found = try? unsafe object(entry, Entry.self) {
        found.reset()
        unsafe release(entry)
    }
}

@c(scf_entry_destroy_children) public func scfEntryDestroyChildren(_ entry: ObjectPointer?) {
    guard let found = try? unsafe object(entry, Entry.self) else { return }
    for value in found.dissolve() { release(value) }
}

@c(scf_entry_add_value) public func scfEntryAddValue(
    _ entry: ObjectPointer?, _ value: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(entry, Entry.self).add(object(value))
    }
}
