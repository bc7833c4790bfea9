package import Codec
package import KeyValue
import Transactions

// Rows read by a store, whose own error is `StoreFailure`.
extension ReadView {
    package func row(_ key: [UInt8]) throws(StoreFailure) -> Row? {
        do {
            return try get(key)
        } catch {
            throw .engine(error)
        }
    }

    /// Visits the rows of `range` until `visit` returns false.
    package func rows(
        _ range: KeyRange, _ visit: (_ key: [UInt8], _ row: Row) -> Bool
    ) throws(StoreFailure) {
        do {
            try scan(range, reverse: false, visit)
        } catch {
            throw .engine(error)
        }
    }
}

extension StoreFailure {
    /// A row that its own store cannot read: damage, or a newer version's work.
    package static func damagedRow(_ what: String, _ failure: DecodingFailure) -> StoreFailure {
        .engine(EngineFailure("read \(what)", reason: failure.description))
    }

    /// An operation or a query that its store cannot read.
    package static func malformed(_ what: String, _ failure: DecodingFailure) -> StoreFailure {
        .abort(.malformed, "\(what): \(failure)")
    }
}
