/// A counter with `read` → value, and `add(amount)` → null or the value after it.
///
/// It is 0 at first.
package struct CounterModel: SequentialModel {
    package static let name = "counter"

    package typealias State = Int64

    package enum Call: Hashable {
        case read(Int64)
        case add(Int64, result: Int64?)
    }

    package init() {}

    package var initialState: Int64 {
        0
    }

    package func describe(_ state: Int64) -> String {
        "\(state)"
    }

    package mutating func step(_ state: Int64, _ call: Call) -> Int64? {
        switch call {
        case .read(let value): return value == state ? state : nil
        case .add(let amount, let result):
            let (sum, overflow) = state.addingReportingOverflow(amount)
            return overflow || result.map { $0 != sum } ?? false ? nil : sum
        }
    }

    package mutating func calls(_ operations: [Operation]) throws(ModelFailure) -> [Call?] {
        var calls: [Call?] = []
        for operation in operations { calls.append(try call(operation)) }
        return calls
    }

    private func call(_ operation: Operation) throws(ModelFailure) -> Call? {
        let arguments = operation.invocation.arguments
        switch (operation.invocation.function, arguments.count, operation.result) {
        case ("read", 0, nil):
            return nil
        case ("read", 0, .integer(let value)):
            return .read(value)
        case ("add", 1, let result):
            guard let amount = arguments[0].integer else { break }
            switch result {
            case nil, .nothing: return .add(amount, result: nil)
            case .integer(let sum): return .add(amount, result: sum)
            case .truth, .text, .list: break
            }
        default: break
        }
        throw ModelFailure(operation, "no operation of a counter, or no result of it")
    }
}
