import Codec
import Identifiers
import KeyValue
import Transactions

// What is checked before the first step and after the last one.
extension Executor {
    /// Why the transaction cannot begin: a limit, or an expectation that does not hold.
    func check<V: ReadView>(
        _ transaction: Transaction, in view: V
    ) throws(EngineFailure) -> Abort? {
        if let abort = checkLimits(transaction) { return abort }
        var digestedRows = 0
        for (number, expectation) in transaction.expectations.enumerated() {
            // The rows of no store are the replica's own; some are written once a turn, so that
            // nodes that take their turns differently would read them differently.
            guard stores[expectation.store] != nil else {
                return unknownStore(expectation.store, step: nil)
            }
            if let message = try refutation(of: expectation, in: view, &digestedRows) {
                return makeAbort(nil, .expectationFailed, "expectation \(number): \(message)")
            }
        }
        return nil
    }

    func checkLimits(_ transaction: Transaction) -> Abort? {
        func over(_ what: String, _ count: Int, _ limit: Int) -> Abort? {
            guard count > limit else { return nil }
            return makeAbort(
                nil, .limitExceeded,
                "\(count) \(what) in a transaction, over the limit of \(limit); split it")
        }
        return over("steps", transaction.steps.count, limits.operationsPerTransaction)
            ?? over(
                "expectations", transaction.expectations.count, limits.expectationsPerTransaction)
            ?? over("properties", transaction.properties.count, limits.transactionProperties)
    }

    /// Why the effects may not stand: more results or changes than outcome and feed can hold.
    func checkEffects(resultBytes: Int, _ context: ApplyContext) -> Abort? {
        guard resultBytes <= limits.resultBytes else {
            return makeAbort(
                nil, .limitExceeded,
                "results of \(resultBytes) bytes, over the limit of \(limits.resultBytes); "
                    + "split the transaction")
        }
        guard context.copiedBytes <= limits.changeBytesPerTransaction else {
            return makeAbort(
                nil, .limitExceeded,
                "copies of \(context.copiedBytes) bytes, over the limit of "
                    + "\(limits.changeBytesPerTransaction); split the transaction")
        }
        guard context.rewrittenBytes <= limits.rewrittenBytesPerTransaction else {
            return makeAbort(
                Int(context.step), .limitExceeded,
                "the steps so far have written \(context.rewrittenBytes) bytes of rows anew to "
                    + "change a part of each, over the limit of "
                    + "\(limits.rewrittenBytesPerTransaction); split the transaction, or change all "
                    + "of a large row in one step")
        }
        let changes = context.changes
        guard changes.count <= limits.changesPerTransaction else {
            return makeAbort(
                nil, .limitExceeded,
                "\(changes.count) changes, over the limit of "
                    + "\(limits.changesPerTransaction); split the transaction")
        }
        if changes.longestKey > limits.keyBytes || changes.longestValue > limits.resultBytes {
            return tooLong(changes)
        }
        guard changes.byteCount <= limits.changeBytesPerTransaction else {
            return makeAbort(
                nil, .limitExceeded,
                "changes of \(changes.byteCount) bytes, over the limit of "
                    + "\(limits.changeBytesPerTransaction); split the transaction")
        }
        return nil
    }

    /// The abort for the first change with a key or a value over the limit; nil where there is none.
    private func tooLong(_ changes: EncodedChanges) -> Abort? {
        for change in changes.decoded() {
            let keyBytes = change.key.utf8.count
            let valueBytes = max(change.old?.count ?? 0, change.new?.count ?? 0)
            guard keyBytes <= limits.keyBytes, valueBytes <= limits.resultBytes else {
                return makeAbort(
                    Int(change.step), .limitExceeded,
                    "a change with a key of \(keyBytes) and a value of \(valueBytes) bytes")
            }
        }
        return nil
    }

    /// Whether what the steps so far have changed is over a limit, as `checkEffects` will say.
    func exceedsLimits(_ context: ApplyContext) -> Bool {
        context.changes.count > limits.changesPerTransaction
            || context.changes.byteCount > limits.changeBytesPerTransaction
            || context.copiedBytes > limits.changeBytesPerTransaction
            || context.rewrittenBytes > limits.rewrittenBytesPerTransaction
    }

    /// Why `expectation` does not hold; nil where it does.
    ///
    /// Adds to `digestedRows` those that it covers.
    private func refutation<V: ReadView>(
        of expectation: Expectation, in view: V, _ digestedRows: inout Int
    ) throws(EngineFailure) -> String? {
        switch expectation {
        case .keyAtVersion(let store, let key, let version):
            guard let row = try view.get([store.rawValue] + key) else {
                return "the row at version \(version) is absent; read it again"
            }
            guard row.version == version else {
                return "the row is at version \(row.version), not \(version); read it again"
            }
        case .keyAbsent(let store, let key):
            if let row = try view.get([store.rawValue] + key) {
                return "the row that must be absent is at version \(row.version); read it again"
            }
        case .rangeDigest(let store, let lower, let upper, let digest):
            let all = KeyRange(prefix: [store.rawValue])
            let range = KeyRange(
                lower: all.lower + lower, upper: upper.isEmpty ? all.upper : all.lower + upper)
            let rowsLeft = limits.digestedRowsPerTransaction - digestedRows
            guard let found = try RangeDigest.compute(range, mostRows: rowsLeft, in: view) else {
                return
                    "the ranges up to this one have over \(limits.digestedRowsPerTransaction) rows; "
                    + "expect smaller ranges"
            }
            digestedRows += found.rows
            guard found.digest == digest else { return "the range has changed; read it again" }
        }
        return nil
    }
}
