import Client
import Codec
import Transactions

extension Transaction {
    /// Checks the bounds that `submit` checks before anything is sent.
    ///
    /// Throws `tooLarge` for what is over a limit, and `invalidArgument` for a note without a name.
    public func validate() throws(LockstepError) {
        let transaction = replicated
        try transaction.check(
            encodedBytes: RecordCoding().encode(transaction).count, limits: .standard)
    }
}

extension Transactions.Transaction {
    /// Throws where no node would take the transaction up.
    func check(encodedBytes: Int, limits: Limits) throws(LockstepError) {
        try Self.fit("the transaction's bytes are", encodedBytes, limits.transactionBytes)
        try Self.fit("the steps are", steps.count, limits.operationsPerTransaction)
        try Self.fit("the expectations are", expectations.count, limits.expectationsPerTransaction)
        try Self.fit("the notes are", properties.count, limits.transactionProperties)
        for (number, step) in steps.enumerated() {
            guard case .abort(let reason) = step else { continue }
            try Self.fit(
                "step \(number): the bytes of the reason are", reason.utf8.count, Self.reasonBytes)
        }
        for (number, expectation) in expectations.enumerated() {
            let key =
                switch expectation {
                case .keyAtVersion(_, let key, _), .keyAbsent(_, let key): key.count
                case .rangeDigest(_, let lower, let upper, _): max(lower.count, upper.count)
                }
            try Self.fit("expectation \(number): the bytes of the key are", key, limits.keyBytes)
        }
        for note in properties {
            guard !note.name.isEmpty else { throw .invalidArgument("a note has an empty name") }
            let count = note.name.utf8.count
            try Self.fit("the bytes of a note's name are", count, Self.propertyNameBytes)
            try Self.fit(
                "the bytes of the note \(note.name) are", note.value.count, limits.valueBytes)
        }
    }

    private static func fit(
        _ what: @autoclosure () -> String, _ size: Int, _ limit: Int
    ) throws(LockstepError) {
        guard size <= limit else {
            throw .tooLarge("\(what()) \(size), the most are \(limit); split it")
        }
    }
}
