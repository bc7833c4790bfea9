import Histories
import Identifiers

/// A correct history of clients of a register, counter or list, made from a seed.
///
/// Each operation takes effect at one moment between its invocation and its completion. Some have an
/// unknown outcome, and take effect at any time or never; some fail.
struct SimulatedRun {
    var type: LinearizabilityChecker.DataType
    var operations: Int
    var keys = 4
    var clients = 8
    /// Of a thousand operations, how many get no answer.
    var unknownPerThousand = 20
    var failedPerThousand = 20

    private struct Call {
        var number: Int
        var invocation: Invocation
        /// nil before it took effect.
        var outcome: Outcome?
    }

    func history(seed: UInt64) -> History {
        var generator = SeededGenerator(seed: seed)
        var states: [String: Datum] = [:]
        var active: [Call?] = Array(repeating: nil, count: clients)
        /// Invoked, given up by their clients, and still to take effect.
        var wandering: [Invocation] = []
        var events: [Event] = []
        var number = 0
        while number < operations || active.contains(where: { $0 != nil }) {
            let client = Int.random(in: 0..<clients, using: &generator)
            let time = UInt64(events.count) * 1_000
            guard var call = active[client] else {
                guard number < operations else { continue }
                let invocation = invocation(number, client, states, &generator)
                events.append(Event(time, .invocation(invocation)))
                active[client] = Call(number: number, invocation: invocation)
                number += 1
                continue
            }
            if let outcome = call.outcome {
                events.append(Event(time, .completion(operation: call.number, outcome)))
                active[client] = nil
                continue
            }
            switch Int.random(in: 0..<1_000, using: &generator) {
            case ..<unknownPerThousand:
                call.outcome = .unknown("lost")
                if Bool.random(using: &generator) { wandering.append(call.invocation) }
            case ..<(unknownPerThousand + failedPerThousand):
                call.outcome = .failed("refused")
            default:
                call.outcome = .done(apply(call.invocation, &states))
            }
            active[client] = call
            if Int.random(in: 0..<50, using: &generator) == 0, let late = wandering.popLast() {
                _ = apply(late, &states)
            }
        }
        return History(seed: seed, title: "simulated", events: events)
    }

    private func invocation(
        _ number: Int, _ client: Int, _ states: [String: Datum], _ generator: inout SeededGenerator
    ) -> Invocation {
        let key = "k\(Int.random(in: 0..<keys, using: &generator))"
        var invocation = Invocation(
            operation: number, client: client, workload: "w", function: "read", key: key)
        let choice = Int.random(in: 0..<10, using: &generator)
        guard choice >= 4 else { return invocation }
        let unique = Datum.integer(Int64(number))
        switch type {
        case .register where choice >= 8:
            invocation.function = "cas"
            invocation.arguments = [states[key] ?? .nothing, unique]
        case .register: (invocation.function, invocation.arguments) = ("write", [unique])
        case .counter:
            invocation.function = "add"
            invocation.arguments = [.integer(.random(in: 1...5, using: &generator))]
        case .bank: preconditionFailure("no bank is simulated")
        case .list: (invocation.function, invocation.arguments) = ("append", [unique])
        }
        return invocation
    }

    private func apply(_ invocation: Invocation, _ states: inout [String: Datum]) -> Datum {
        let initial: Datum =
            switch type {
            case .register: .nothing
            case .counter: 0
            case .bank, .list: []
            }
        let state = states[invocation.key] ?? initial
        let arguments = invocation.arguments
        switch invocation.function {
        case "read": return state
        case "write":
            states[invocation.key] = arguments[0]
            return .nothing
        case "cas":
            guard state == arguments[0] else { return false }
            states[invocation.key] = arguments[1]
            return true
        case "add":
            let sum = Datum.integer((state.integer ?? 0) + (arguments[0].integer ?? 0))
            states[invocation.key] = sum
            return sum
        default:
            states[invocation.key] = .list((state.list ?? []) + arguments)
            return .nothing
        }
    }
}
