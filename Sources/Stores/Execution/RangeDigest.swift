import Codec
import Digests
package import Identifiers
package import KeyValue

/// The digest that `Expectation.rangeDigest` compares: SHA-256, cut to 128 bits, over the rows.
///
/// Each row adds, in key order:
///
/// | bytes | field |
/// |---|---|
/// | varint length, bytes | key, without the store's prefix byte |
/// | varint | version |
package enum RangeDigest {
    /// The digest of `range`, whose keys all begin with a store's byte, and the number of its rows; nil
    /// where there are more than `mostRows`.
    package static func compute<V: ReadView>(
        _ range: KeyRange, mostRows: Int, in view: V
    ) throws(EngineFailure) -> (digest: Bits128, rows: Int)? {
        let digester = Digester()
        var writer = ByteWriter()
        var rows = 0
        try view.scan(range, reverse: false) { key, row in
            rows += 1
            guard rows <= mostRows else { return false }
            writer.writeVarint(UInt64(key.count - 1))
            writer.writeRaw(key[1...])
            writer.writeVarint(row.version)
            if writer.count >= 4_096 {
                digester.update(writer.bytes)
                writer.removeAll(keepingCapacity: true)
            }
            return true
        }
        digester.update(writer.bytes)
        return rows <= mostRows ? (digester.finishBits128(), rows) : nil
    }

    /// The digest of a range that holds these rows and no more; `rows` are in key order.
    ///
    /// Keys are without the store's prefix byte.
    package static func of(_ rows: [(key: [UInt8], version: LogIndex)]) -> Bits128 {
        var writer = ByteWriter()
        for row in rows {
            writer.writeVarint(UInt64(row.key.count))
            writer.writeRaw(row.key)
            writer.writeVarint(row.version)
        }
        let digester = Digester()
        digester.update(writer.take())
        return digester.finishBits128()
    }
}
