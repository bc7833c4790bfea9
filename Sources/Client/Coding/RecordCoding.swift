package import Codec
package import Transactions

/// The log's own encoding, which is also that of the wire.
package struct RecordCoding: TransactionCoding {
    private let limits = Limits.standard

    package init() {}

    package func encode(_ transaction: Transactions.Transaction) -> [UInt8] {
        var writer = ByteWriter()
        transaction.encode(into: &writer)
        return writer.take()
    }

    package func outcome(_ bytes: [UInt8]) throws(DecodingFailure) -> Outcome {
        var reader = ByteReader(bytes)
        let outcome = try Outcome.decode(&reader, limits: limits)
        try reader.finish()
        return outcome
    }

    package func changeSet(_ bytes: [UInt8]) throws(DecodingFailure) -> Transactions.ChangeSet {
        var reader = ByteReader(bytes)
        let set = try Transactions.ChangeSet.decode(&reader, limits: limits)
        try reader.finish()
        return set
    }
}
