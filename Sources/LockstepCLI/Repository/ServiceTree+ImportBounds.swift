package import Codec
import Identifiers
import KeyValue
package import Manifests
import Properties
import PropertyStorage
import Stores
import Transactions

extension ServiceTree {
    /// What to do where the tree is too much for one import.
    ///
    /// Two documents of one service would undo each other, so only services can be divided.
    var advice: String {
        Set(entities.filter(\.isDeclared).map(\.path.service)).count > 1
            ? "divide its services among several documents"
            : "a service is imported as one: give it fewer instances, or fewer or smaller groups"
    }

    /// Why no import can take the tree, which is one transaction, with an import's exit code; nil
    /// where one can.
    ///
    /// Tried in memory as the import into a cluster that has none of it, by what every node executes.
    /// `documentBytes` is the length of its text.
    package func importRefusal(
        documentBytes: Int, limits: Limits = .standard
    ) -> CommandFailure? {
        let most = ManifestBounds().documentBytes
        guard documentBytes <= most else {
            return CommandFailure(
                .malformedInput, "it has \(documentBytes) bytes, the most are \(most); \(advice)")
        }
        let transaction = firstImport
        let measures = [
            ("operations", transaction.steps.count, limits.operationsPerTransaction),
            ("expectations", transaction.expectations.count, limits.expectationsPerTransaction),
            ("bytes", transaction.encoded().count, limits.transactionBytes),
        ]
        if let (name, count, most) = measures.first(where: { $0.1 > $0.2 }) {
            return CommandFailure(
                .malformedInput,
                "its import is a transaction of \(count) \(name), the most are \(most); \(advice)")
        }
        return Self.abort(of: transaction, limits).map {
            CommandFailure(.negative, "its import is refused: \($0); \(advice)")
        }
    }

    /// The transaction that imports the tree where there is nothing of it.
    private var firstImport: Transaction {
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
        return Transaction(steps: operations.map(\.step), expectations: state.expectations)
    }

    /// What a transaction comes to where there is nothing yet, if it is not committed.
    private static func abort(of transaction: Transaction, _ limits: Limits) -> String? {
        // Identities grow with the log; those of a very long one are the largest.
        let index = LogIndex(1 << 40)
        var view = Overlay(over: MemoryEngine())
        view.version = index
        var executor = Executor(
            stores: StoreRegistry([PropertyStore(limits: limits)]), limits: limits)
        do throws(EngineFailure) {
            let execution = try executor.execute(
                transaction, index: index, timeMilliseconds: 1, in: &view)
            switch execution.outcome {
            case .committed: return nil
            case .aborted(_, let abort): return abort.message
            }
        } catch {
            return "\(error)"
        }
    }
}
