/// Accounts with `open(balances…)`, `transfer(from, to, amount)` → null, or false where the first has too
/// little, and `read` → all balances.
///
/// Accounts count from 0; there are none before `open`. A transfer that would take an account below
/// nothing cannot be done.
package struct BankModel: SequentialModel {
    package static let name = "bank"

    package typealias State = [Int64]

    package enum Call: Hashable {
        case open([Int64])
        case read([Int64])
        case transfer(from: Int, to: Int, amount: Int64)
        case refused(from: Int, amount: Int64)
    }

    package init() {}

    package var initialState: [Int64] {
        []
    }

    package func heldBytes(_ state: [Int64]) -> Int {
        32 + state.count * MemoryLayout<Int64>.stride
    }

    package func describe(_ state: [Int64]) -> String {
        "\(state)"
    }

    package mutating func step(_ state: [Int64], _ call: Call) -> [Int64]? {
        switch call {
        case .open(let balances):
            return state.isEmpty ? balances : nil
        case .read(let balances):
            return balances == state ? state : nil
        case .transfer(let from, let to, let amount):
            guard state.indices.contains(from), state.indices.contains(to), state[from] >= amount
            else { return nil }
            var after = state
            after[from] -= amount
            let (sum, overflow) = after[to].addingReportingOverflow(amount)
            guard !overflow else { return nil }
            after[to] = sum
            return after
        case .refused(let from, let amount):
            return state.indices.contains(from) && state[from] < amount ? state : nil
        }
    }

    package mutating func calls(_ operations: [Operation]) throws(ModelFailure) -> [Call?] {
        var calls: [Call?] = []
        for operation in operations { calls.append(try call(operation)) }
        return calls
    }

    private func call(_ operation: Operation) throws(ModelFailure) -> Call? {
        // Not done, for an account was not there; `BankChecker` has that.
        if case .text? = operation.result { return nil }
        let arguments = Datum.list(operation.invocation.arguments).integers ?? []
        switch (operation.invocation.function, arguments.count) {
        case ("open", 1...):
            return .open(arguments)
        case ("read", 0) where operation.result == nil:
            return nil
        case ("read", 0):
            if let balances = operation.result?.integers { return .read(balances) }
        case ("transfer", 3):
            if let from = Int(exactly: arguments[0]), let to = Int(exactly: arguments[1]),
                arguments[2] >= 0
            {
                switch operation.result {
                case .truth(false): return .refused(from: from, amount: arguments[2])
                case nil, .nothing: break
                default: throw ModelFailure(operation, "no result of a transfer")
                }
                return .transfer(from: from, to: to, amount: arguments[2])
            }
        default: break
        }
        throw ModelFailure(operation, "no operation of a bank, or no result of it")
    }
}
