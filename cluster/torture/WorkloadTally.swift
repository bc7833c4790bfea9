import Histories
import JSON
import TextOutput

/// What became of the operations of one workload, and what its clients were told without asking.
package struct WorkloadTally: Sendable, Hashable {
    package let workload: String
    package var done = 0
    package var failed = 0
    package var unknown = 0
    package var observations = 0

    package var operations: Int {
        done + failed + unknown
    }

    /// Counts what a history has of each workload, by name.
    static func tallies(of history: History) -> [Self] {
        var tallies: [String: Self] = [:]
        func count(_ workload: String, _ place: WritableKeyPath<Self, Int>) {
            tallies[workload, default: Self(workload: workload)][keyPath: place] += 1
        }
        for operation in history.operations {
            switch operation.outcome {
            case .done: count(operation.invocation.workload, \.done)
            case .failed: count(operation.invocation.workload, \.failed)
            case .unknown: count(operation.invocation.workload, \.unknown)
            }
        }
        for event in history.events {
            guard case .observation(let observation) = event.content else { continue }
            count(observation.workload, \.observations)
        }
        return tallies.values.sorted { $0.workload < $1.workload }
    }

    private init(workload: String) {
        self.workload = workload
    }
}

/// The tallies as a table and as JSON, the same for a run and for a history that was kept.
extension [WorkloadTally] {
    /// A line for each workload; nothing without any.
    var table: String {
        guard !isEmpty else { return "" }
        var table = Table([
            .init("workload"), .init("operations", .right), .init("done", .right),
            .init("failed", .right), .init("unknown", .right), .init("observations", .right),
        ])
        for tally in self {
            table.append([
                tally.workload, "\(tally.operations)", "\(tally.done)", "\(tally.failed)",
                "\(tally.unknown)", "\(tally.observations)",
            ])
        }
        return table.text + "\n"
    }

    var json: JSONValue {
        .array(
            map { tally in
                .object([
                    JSONMember("workload", .string(tally.workload)),
                    JSONMember("operations", .number(tally.operations)),
                    JSONMember("done", .number(tally.done)),
                    JSONMember("failed", .number(tally.failed)),
                    JSONMember("unknown", .number(tally.unknown)),
                    JSONMember("observations", .number(tally.observations)),
                ])
            })
    }

    /// A count of all of them together.
    func total(_ place: KeyPath<WorkloadTally, Int>) -> Int {
        reduce(0) { $0 + $1[keyPath: place] }
    }
}
