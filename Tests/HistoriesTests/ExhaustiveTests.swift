import Histories
import Identifiers
import Testing

/// Holds the search to a check that tries every order, over many small random histories.
@Suite struct ExhaustiveTests {
    /// Whether some order explains the results, by trying all.
    ///
    /// The types are written down here once more, by lists of data, so that nothing is shared with
    /// what is tested.
    private struct Exhaustive {
        let operations: [Operation]
        let step: (Datum, Operation) -> Datum?

        func isLinearizable(_ state: Datum, placed: Set<Int> = []) -> Bool {
            let left = operations.filter { !placed.contains($0.number) }
            if left.allSatisfy({ $0.result == nil }) { return true }
            for next in left {
                let mustWait = left.contains { $0.result != nil && $0.precedes(next) }
                guard !mustWait, let after = step(state, next) else { continue }
                if isLinearizable(after, placed: placed.union([next.number])) { return true }
            }
            return false
        }
    }

    private static func register(_ state: Datum, _ operation: Operation) -> Datum? {
        let arguments = operation.invocation.arguments
        switch operation.invocation.function {
        case "read": return operation.result.map { $0 == state } ?? true ? state : nil
        case "write": return arguments[0]
        default:
            let isEqual = state == arguments[0]
            guard operation.result == Datum.truth(false) else {
                return isEqual ? arguments[1] : nil
            }
            return isEqual ? nil : state
        }
    }

    private static func counter(_ state: Datum, _ operation: Operation) -> Datum? {
        if operation.invocation.function == "read" {
            return operation.result.map { $0 == state } ?? true ? state : nil
        }
        let sum = Datum.integer(
            (state.integer ?? 0) + (operation.invocation.arguments[0].integer ?? 0))
        guard let result = operation.result, result != .nothing else { return sum }
        return result == sum ? sum : nil
    }

    private static func bank(_ state: Datum, _ operation: Operation) -> Datum? {
        let arguments = operation.invocation.arguments
        switch operation.invocation.function {
        case "read": return operation.result.map { $0 == state } ?? true ? state : nil
        case "open": return state == [] ? .list(arguments) : nil
        default:
            guard var balances = state.integers, balances.count == 2,
                let from = arguments[0].integer, let amount = arguments[2].integer,
                balances[Int(from)] >= amount
            else { return nil }
            balances[Int(from)] -= amount
            balances[1 - Int(from)] += amount
            return .integers(balances)
        }
    }

    private static func list(_ state: Datum, _ operation: Operation) -> Datum? {
        if operation.invocation.function == "read" {
            return operation.result.map { $0 == state } ?? true ? state : nil
        }
        return .list((state.list ?? []) + operation.invocation.arguments)
    }

    /// A small history whose results are sometimes right.
    private func random(
        _ type: LinearizabilityChecker.DataType, _ generator: inout SeededGenerator
    ) -> History {
        let count = Int.random(in: 2...6, using: &generator)
        let times = Array(UInt64(0)..<UInt64(count * 2)).shuffled(using: &generator)
        func value(_ generator: inout SeededGenerator) -> Datum {
            .integer(.random(in: 0...2, using: &generator))
        }
        let drawn = (0..<count).map { place in
            let (one, other) = (times[place * 2], times[place * 2 + 1])
            var each = Drawn(min(one, other)...max(one, other), client: place, "read")
            switch (type, Int.random(in: 0..<5, using: &generator)) {
            case (.register, 0...1):
                (each.function, each.arguments) = ("write", [value(&generator)])
            case (.register, 2):
                each.function = "cas"
                each.arguments = [value(&generator), value(&generator)]
                each.outcome = .done(.truth(.random(using: &generator)))
            case (.register, _):
                each.outcome = .done(value(&generator))
            case (.counter, 0...2):
                (each.function, each.arguments) = ("add", [value(&generator)])
                if Bool.random(using: &generator) { each.outcome = .done(value(&generator)) }
            case (.counter, _):
                each.outcome = .done(.integer(.random(in: 0...3, using: &generator)))
            case (.bank, 0):
                (each.function, each.arguments) = ("open", [2, 2])
            case (.bank, 1...2):
                let from = Int64.random(in: 0...1, using: &generator)
                each.function = "transfer"
                each.arguments = [.integer(from), .integer(1 - from), value(&generator)]
            case (.bank, _):
                let left = Int64.random(in: 0...4, using: &generator)
                each.outcome = .done(left == 4 ? [] : [.integer(left), .integer(4 - left)])
            case (.list, 0...2):
                (each.function, each.arguments) = ("append", [value(&generator)])
            case (.list, _):
                let length = Int.random(in: 0...2, using: &generator)
                each.outcome = .done(.list((0..<length).map { _ in value(&generator) }))
            }
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: each.outcome = .unknown("lost")
            case 1 where each.function != "read": each.outcome = .failed("refused")
            default: break
            }
            return each
        }
        return History(drawn)
    }

    @Test(arguments: LinearizabilityChecker.DataType.allCases)
    func `the search decides as trying all orders does`(
        _ type: LinearizabilityChecker.DataType
    ) {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        var (good, bad) = (0, 0)
        for round in 0..<1_500 {
            let history = random(type, &generator)
            let operations = history.operations.filter { !$0.hasFailed }
            let isGood =
                switch type {
                case .register:
                    Exhaustive(operations: operations, step: Self.register)
                        .isLinearizable(.nothing)
                case .counter:
                    Exhaustive(operations: operations, step: Self.counter).isLinearizable(0)
                case .bank:
                    Exhaustive(operations: operations, step: Self.bank).isLinearizable([])
                case .list:
                    Exhaustive(operations: operations, step: Self.list).isLinearizable([])
                }
            let report = LinearizabilityChecker(type, workload: "w").check(history)
            if isGood { good += 1 } else { bad += 1 }
            guard report.isClean == isGood else {
                Issue.record("seed \(seed), round \(round): \(isGood), \(report)\n\(history.lines)")
                return
            }
        }
        #expect(good > 150 && bad > 150, "seed \(seed): \(good) good, \(bad) bad")
    }
}
