/// A list with `append(element)` → null, and `read` → all elements in order.
///
/// It is empty at first. A list is a node of a tree of all lists that were read or made, so that
/// comparing two is comparing two numbers.
package struct AppendListModel: SequentialModel {
    package static let name = "list"

    /// The number of a node.
    package typealias State = Int

    package enum Call: Hashable {
        case read(Int)
        case append(Datum)
    }

    private struct Branch: Hashable {
        var node: Int
        var element: Datum
    }

    private struct Node {
        var parent: Int
        var element: Datum
        var count: Int
    }

    private var nodes = [Node(parent: 0, element: .nothing, count: 0)]
    private var branches: [Branch: Int] = [:]
    /// The longest list that was read: each state is a beginning or a continuation of it.
    private var longest: [Datum] = []
    /// The nodes of the beginnings of the longest list, by their lengths.
    private var path = [0]

    package init() {}

    package var initialState: Int {
        0
    }

    package func describe(_ state: Int) -> String {
        var elements: [Datum] = []
        var node = state
        while nodes[node].count > 0, elements.count < 10 {
            elements.append(nodes[node].element)
            node = nodes[node].parent
        }
        let dots = nodes[node].count > 0 ? "…, " : ""
        let words = elements.reversed().map(\.description).joined(separator: ",")
        return "[\(dots)\(words)] of \(nodes[state].count)"
    }

    package mutating func step(_ state: Int, _ call: Call) -> Int? {
        switch call {
        case .read(let node): return node == state ? state : nil
        case .append(let element):
            let place = nodes[state].count
            // Nobody could ever have read the longest list otherwise.
            if place < longest.count, longest[place] != element { return nil }
            return child(of: state, element)
        }
    }

    private mutating func child(of node: Int, _ element: Datum) -> Int {
        let branch = Branch(node: node, element: element)
        if let found = branches[branch] { return found }
        nodes.append(Node(parent: node, element: element, count: nodes[node].count + 1))
        branches[branch] = nodes.count - 1
        return nodes.count - 1
    }

    private mutating func node(of list: [Datum]) -> Int {
        let common = zip(list, longest).prefix { $0 == $1 }.count
        return list[common...].reduce(path[common]) { child(of: $0, $1) }
    }

    package mutating func calls(_ operations: [Operation]) throws(ModelFailure) -> [Call?] {
        var noticed: Set<Datum> = []
        for operation in operations where operation.invocation.function == "read" {
            guard let result = operation.result else { continue }
            guard let list = result.list else { throw ModelFailure(operation, "no list") }
            if list.count > longest.count { longest = list }
            noticed.formUnion(list)
        }
        for element in longest { path.append(child(of: path[path.count - 1], element)) }
        var calls: [Call?] = []
        for operation in operations { calls.append(try call(operation, noticed)) }
        return calls
    }

    private mutating func call(
        _ operation: Operation, _ noticed: Set<Datum>
    ) throws(ModelFailure) -> Call? {
        let arguments = operation.invocation.arguments
        switch (operation.invocation.function, arguments.count) {
        case ("read", 0):
            guard let list = operation.result?.list else { return nil }
            return .read(node(of: list))
        case ("append", 1):
            // Where nobody has read it, it may as well never have happened.
            if operation.result == nil, !noticed.contains(arguments[0]) { return nil }
            return .append(arguments[0])
        default:
            throw ModelFailure(operation, "no operation of a list")
        }
    }
}
