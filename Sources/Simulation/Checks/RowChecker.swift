import Codec
import Identifiers
import KeyValue
import Properties
import PropertyStorage
import Replication
import Stores
import Transactions

/// Compares the rows that a settled node holds with the last writers that the change feed tells of.
struct RowChecker {
    /// What is wrong with the rows of one node.
    static func check(
        _ host: SimulatedHost, _ model: ValueModel, limits: Limits
    ) -> [String] {
        guard let engine = host.replica?.presentEngine else { return [] }
        let executor = Executor(stores: StoreRegistry([PropertyStore()]), limits: limits)
        do {
            let pinned = try engine.pin()
            defer { pinned.close() }
            let applied = try AppliedPosition.read(pinned).index
            return try (0..<ClientOperation.groups).compactMap { group in
                let query = PropertyQuery.property(ClientOperation.path(group))
                let reply = try executor.read(
                    .properties, kind: query.kind, body: query.body, from: pinned)
                let value = try ClientOperation.value(of: reply)
                return model.violation(
                    of: ValueModel.Read(
                        client: "\(host.name)'s end", group: group, applied: applied, value: value))
            }
        } catch {
            return ["\(host.name): its rows cannot be read: \(error)"]
        }
    }
}
