/// A register with `read` → value, `write(value)`, and `cas(expected, new)` → whether it was done.
///
/// It holds null at first.
package struct RegisterModel: SequentialModel {
    package static let name = "register"

    /// The number of a value.
    package typealias State = Int

    package enum Call: Hashable {
        case read(Int)
        case write(Int)
        /// A compare-and-set that was done, or whose outcome is unknown.
        case exchange(expected: Int, new: Int)
        /// A compare-and-set that found another value.
        case refusal(expected: Int)
    }

    /// All values that nobody has read or expected, which nobody can tell apart.
    private static let unnoticed = 0
    private var values: [Datum] = [.text("a value that nobody read"), .nothing]
    private var numbers: [Datum: Int] = [.nothing: 1]

    package init() {}

    package var initialState: Int {
        1
    }

    package func describe(_ state: Int) -> String {
        values[state].description
    }

    package mutating func step(_ state: Int, _ call: Call) -> Int? {
        switch call {
        case .read(let value): value == state ? state : nil
        case .write(let value): value
        case .exchange(let expected, let new): expected == state ? new : nil
        case .refusal(let expected): expected == state ? nil : state
        }
    }

    package mutating func calls(_ operations: [Operation]) throws(ModelFailure) -> [Call?] {
        // First all that is noticed, so that what is written can be told from it.
        for operation in operations {
            if operation.invocation.function == "read", let result = operation.result {
                notice(result)
            }
            if operation.invocation.function == "cas",
                let expected = operation.invocation.arguments.first
            {
                notice(expected)
            }
        }
        var calls: [Call?] = []
        for operation in operations { calls.append(try call(operation)) }
        return calls
    }

    private mutating func notice(_ value: Datum) {
        guard numbers[value] == nil else { return }
        numbers[value] = values.count
        values.append(value)
    }

    private func number(_ value: Datum) -> Int {
        numbers[value] ?? Self.unnoticed
    }

    private func call(_ operation: Operation) throws(ModelFailure) -> Call? {
        let arguments = operation.invocation.arguments
        switch (operation.invocation.function, arguments.count) {
        case ("read", 0):
            return operation.result.map { .read(number($0)) }
        case ("write", 1):
            return .write(number(arguments[0]))
        case ("cas", 2):
            let exchange = Call.exchange(
                expected: number(arguments[0]), new: number(arguments[1]))
            guard let result = operation.result else { return exchange }
            guard let isDone = result.truth else {
                throw ModelFailure(operation, "no result of a compare-and-set")
            }
            return isDone ? exchange : .refusal(expected: number(arguments[0]))
        default:
            throw ModelFailure(operation, "no operation of a register")
        }
    }
}
