/// How a data type behaves when one operation is done after the other; one value for one key.
package protocol SequentialModel {
    /// What the operations so far have made of the key.
    associatedtype State: Hashable
    /// An operation and its result, if that is known, reduced to what matters for `step`.
    associatedtype Call: Hashable

    /// The name that a report gives the type, such as `register`.
    static var name: String { get }

    init()

    /// Reads the operations of one key, of which none has failed; asked for once, before `step`.
    ///
    /// A call that is nil is left out: that of an operation with an unknown outcome which nobody can
    /// have noticed. Calls of operations with unknown outcomes that are equal must be exchangeable.
    /// Throws for an operation that the type does not know.
    mutating func calls(_ operations: [Operation]) throws(ModelFailure) -> [Call?]

    /// The state before the first operation.
    var initialState: State { get }

    /// The state after `call`; nil if its result cannot be had in `state`.
    mutating func step(_ state: State, _ call: Call) -> State?

    /// Bytes that a state takes beside those of its own type, about.
    func heldBytes(_ state: State) -> Int

    /// The state in words.
    func describe(_ state: State) -> String
}

extension SequentialModel {
    package func heldBytes(_ state: State) -> Int { 0 }
}

/// An operation is none of its type, or its result cannot be one.
package struct ModelFailure: Error, Sendable, Hashable {
    package let operation: Int
    package let message: String

    package init(_ operation: Operation, _ message: String) {
        self.operation = operation.number
        self.message = "\(message): \(operation)"
    }
}
