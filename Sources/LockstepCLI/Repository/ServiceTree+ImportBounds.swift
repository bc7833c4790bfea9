import Codec
package import Manifests
import Properties
import Transactions

extension ServiceTree {
    /// Why no import can take the tree, which is one transaction; nil where one can.
    ///
    /// Measured as the import into a cluster that has none of it. What the snapshots copy is not
    /// counted. `documentBytes` is the length of its text, `transactionBytes` the bound on the encoded
    /// transaction where it is not that of `Limits`.
    package func importRefusal(documentBytes: Int, transactionBytes: Int? = nil) -> String? {
        let limits = Limits()
        let most = ManifestBounds().documentBytes
        guard documentBytes <= most else {
            return "it has \(documentBytes) bytes, the most are \(most); export the services to "
                + "several documents"
        }
        let nothing = PresentTree([:])
        let outcome = ThreeWayMerge.merge(last: ServiceTree([]), present: nothing, wanted: self)
        let snapshots = ImportSnapshots(
            wanted: self, present: nothing, imports: [:], changes: outcome.operations)
        let operations = snapshots.before + outcome.operations + snapshots.after
        var state = ReadState()
        for entity in entities {
            state.note(entity.path.servicePath, id: nil)
            state.note(entity.path, id: nil)
            for group in entity.groups { state.note(entity.path.appending(group: group.name), nil) }
            if let last = SnapshotPath(entity.path, "last-import") { state.note(last, nil) }
        }
        let expectations = state.expectations
        let transaction = Transaction(
            steps: operations.map(\.step), expectations: expectations)
        let measures = [
            ("operations", operations.count, limits.operationsPerTransaction),
            ("expectations", expectations.count, limits.expectationsPerTransaction),
            ("bytes", transaction.encoded().count, transactionBytes ?? limits.transactionBytes),
        ]
        return measures.first { $0.1 > $0.2 }.map { name, count, most in
            "its import is a transaction of \(count) \(name), the most are \(most); export the "
                + "services to several documents"
        }
    }
}
