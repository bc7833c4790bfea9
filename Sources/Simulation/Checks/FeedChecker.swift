import Codec
import Identifiers
import KeyValue
import Replication
import Transactions

/// Compares what the nodes have kept of the transactions with what the clients were told.
struct FeedChecker {
    /// The operations of one node's change feed, by name, with the indices where they are.
    private static func operations(
        of engine: any Engine, limits: Limits
    ) throws -> (found: [String: [LogIndex]], first: LogIndex) {
        let reader = FeedReader(limits: limits)
        var found: [String: [LogIndex]] = [:]
        let first = try reader.firstRetained(engine)
        var next = first
        while true {
            let page = try reader.page(from: next, in: engine)
            for set in page.changeSets where set.abort == nil {
                guard let property = set.properties.first(where: { $0.name == "operation" })
                else { continue }
                found[String(decoding: property.value, as: UTF8.self), default: []]
                    .append(set.index)
            }
            guard page.through >= next else { return (found, first) }
            next = page.through.next
        }
    }

    /// What is wrong with one settled node's feed; `history` is what a watch was told.
    static func check(
        _ host: SimulatedHost, _ ledger: Ledger, _ history: [ValueModel.Write], limits: Limits
    ) -> [String] {
        guard let engine = host.replica?.presentEngine else { return [] }
        let found: [String: [LogIndex]]
        let first: LogIndex
        do {
            (found, first) = try operations(of: engine, limits: limits)
        } catch {
            return ["\(host.name): its change feed cannot be read: \(error)"]
        }
        var violations: [String] = []
        for name in ledger.fates.keys.sorted() {
            guard let fate = ledger.fates[name] else { continue }
            let places = found[name] ?? []
            switch fate {
            case .committed(let index):
                if index >= first, places != [index] {
                    violations.append(
                        "\(host.name): \(name), acknowledged at \(index), is at \(places)")
                }
            case .aborted:
                if !places.isEmpty {
                    violations.append("\(host.name): \(name), which aborted, is at \(places)")
                }
            case .unknown, .underWay:
                if places.count > 1 {
                    violations.append("\(host.name): \(name) was executed at \(places)")
                }
            }
        }
        let told = Set(history.map(\.operation))
        for name in found.keys.sorted() where !told.contains(name) {
            violations.append("\(host.name): \(name) is at \(found[name] ?? []), and not watched")
        }
        for name in found.keys.sorted() where ledger.fates[name] == nil {
            violations.append("\(host.name): \(name) was never asked for")
        }
        return violations
    }
}
