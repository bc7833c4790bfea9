import Codec
import KeyValue
import Properties
import Stores
import Transactions

/// One page of the rows of a key space whose keys end in a name, in order.
struct NamedRows {
    private(set) var rows: [(name: String, value: [UInt8])] = []
    /// Whether there are more.
    private(set) var isCut = false

    /// Rows below the prefix `space`, as many as `page` allows and one answer should hold.
    init<V: ReadView>(
        _ space: [UInt8], _ page: PropertyQuery.Page, in view: V
    ) throws(StoreFailure) {
        var found: [(key: [UInt8], value: [UInt8])] = []
        var bytes = 0
        var isCut = false
        try view.rows(Self.range(of: page, in: space)) { key, row in
            bytes += row.value.count
            let isTooMuch = !found.isEmpty && bytes > PropertyQuery.Page.groupBytes
            guard found.count < page.limit, !isTooMuch else {
                isCut = true
                return false
            }
            found.append((key, row.value))
            return true
        }
        self.isCut = isCut
        rows.reserveCapacity(found.count)
        for (key, value) in found {
            do {
                rows.append((try PropertyKeys.name(key, after: space), value))
            } catch {
                throw .engine(EngineFailure("list properties", reason: error.description))
            }
        }
    }

    /// The last name, if there are more.
    var through: String? {
        isCut ? rows.last?.name : nil
    }

    /// What the rows are read as.
    func map<Entry>(
        _ body: (String, [UInt8]) throws(DecodingFailure) -> Entry
    ) throws(StoreFailure) -> [Entry] {
        var entries: [Entry] = []
        entries.reserveCapacity(rows.count)
        for (name, value) in rows {
            do {
                entries.append(try body(name, value))
            } catch {
                throw .damagedRow("\(name)", error)
            }
        }
        return entries
    }

    private static func range(of page: PropertyQuery.Page, in space: [UInt8]) -> KeyRange {
        var prefix = KeyEncoder(space)
        prefix.append(startOf: page.prefix)
        let all = KeyRange(prefix: prefix.bytes)
        guard !page.after.isEmpty else { return all }
        var after = KeyEncoder(space)
        after.append(page.after)
        // The next key after this one is this one and a zero byte.
        let start = after.bytes + [0]
        let isInside = all.lower.lexicographicallyPrecedes(start)
        let lower = isInside ? start : all.lower
        if let upper = all.upper, !lower.lexicographicallyPrecedes(upper) {
            return KeyRange(lower: upper, upper: upper)
        }
        return KeyRange(lower: lower, upper: all.upper)
    }
}
