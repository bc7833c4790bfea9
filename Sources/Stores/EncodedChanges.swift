import Codec
package import Transactions

/// The changes that a transaction has made so far, in the encoding that a `ChangeSet` has for them.
///
/// Nearly all of them are written to the feed and not looked at: encoded as they come, they cost no
/// allocation each.
package struct EncodedChanges: Sendable {
    /// A value that is put together as it is written: two bytes of the store's, and what it copies.
    package struct Value {
        let first: UInt8
        let bytes: [UInt8]
        let range: Range<Int>
        let last: UInt8?

        /// `first`, what is at `range` of `bytes`, and `last`, if there is one.
        package init(first: UInt8, _ bytes: [UInt8], _ range: Range<Int>, last: UInt8? = nil) {
            self.first = first
            self.bytes = bytes
            self.range = range
            self.last = last
        }

        var count: Int {
            1 + range.count + (last == nil ? 0 : 1)
        }
    }

    private var writer = ByteWriter()
    package private(set) var count = 0
    /// Bytes of all keys and values.
    private(set) var byteCount = 0
    /// The bytes of the longest key.
    private(set) var longestKey = 0
    /// The bytes of the longest value, old or new.
    private(set) var longestValue = 0
    /// Whether one of them is of the trigger store.
    package private(set) var touchTriggers = false

    package var isEmpty: Bool {
        count == 0
    }

    /// Adds a change; what it is called and holds is the caller's.
    mutating func append(
        step: UInt32, store: StoreID, key: String, old: [UInt8]?, new: [UInt8]?
    ) {
        begin(step, store, hasOld: old != nil, hasNew: new != nil)
        writer.writeString(key)
        if let old { writer.writeBytes(old) }
        if let new { writer.writeBytes(new) }
        note(key: key.utf8.count, old: old?.count ?? 0, new: new?.count ?? 0)
    }

    /// Adds a change whose key is UTF-8.
    mutating func append(
        step: UInt32, store: StoreID, key: [UInt8], old: Value?, new: Value?
    ) {
        if isEmpty {
            // For one or two changes there is to be one allocation.
            writer = ByteWriter(
                capacity: 2 * key.count + (old?.count ?? 0) + (new?.count ?? 0) + 192)
        }
        begin(step, store, hasOld: old != nil, hasNew: new != nil)
        writer.writeBytes(key)
        if let old { write(old) }
        if let new { write(new) }
        note(key: key.count, old: old?.count ?? 0, new: new?.count ?? 0)
    }

    private mutating func begin(_ step: UInt32, _ store: StoreID, hasOld: Bool, hasNew: Bool) {
        writer.writeVarint(UInt64(step))
        writer.writeUInt8(store.rawValue)
        writer.writeUInt8((hasOld ? 1 : 0) | (hasNew ? 2 : 0))
        if store == .triggers { touchTriggers = true }
    }

    private mutating func write(_ value: Value) {
        writer.writeVarint(UInt64(value.count))
        writer.writeUInt8(value.first)
        writer.writeRaw(value.bytes, in: value.range)
        if let last = value.last { writer.writeUInt8(last) }
    }

    private mutating func note(key: Int, old: Int, new: Int) {
        count += 1
        byteCount += key + old + new
        longestKey = max(longestKey, key)
        longestValue = max(longestValue, old, new)
    }

    /// Writes their number and all of them.
    func encode(into target: inout ByteWriter) {
        target.writeVarint(UInt64(count))
        target.writeRaw(writer.bytes)
    }

    /// All of them, as they were added.
    package func decoded() -> [Change] {
        var reader = ByteReader(writer.bytes)
        var changes: [Change] = []
        changes.reserveCapacity(count)
        do {
            for _ in 0..<count {
                changes.append(
                    try Change.decode(
                        &reader, steps: .max, keyBytes: .max, valueBytes: .max))
            }
        } catch {
            preconditionFailure("changes that were encoded here cannot be read: \(error)")
        }
        return changes
    }
}
