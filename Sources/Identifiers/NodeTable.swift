/// Values by node, for the few nodes of a cluster, in the order of their names.
///
/// To look through them takes less than the hash of a name, and every process sees them in the same
/// order. All of it is inlined where it is used, so that it is compiled for the values there.
package struct NodeTable<Value> {
    @usableFromInline var nodes: [NodeID] = []
    @usableFromInline var held: [Value] = []

    @inlinable package init() {}

    /// The value of a node; nil set removes it.
    @inlinable package subscript(node: NodeID) -> Value? {
        get {
            let place = place(of: node)
            return holds(node, at: place) ? held[place] : nil
        }
        @inline(__always) set {
            let place = place(of: node)
            let isThere = holds(node, at: place)
            if let newValue {
                if isThere {
                    held[place] = newValue
                } else {
                    nodes.insert(node, at: place)
                    held.insert(newValue, at: place)
                }
            } else if isThere {
                nodes.remove(at: place)
                held.remove(at: place)
            }
        }
    }

    /// The nodes that have a value.
    @inlinable package var keys: [NodeID] { nodes }

    @inlinable package var values: [Value] { held }

    /// Where a node is, or would have to be.
    @inlinable func place(of node: NodeID) -> Int {
        var place = 0
        while place < nodes.count, nodes[place].rawValue < node.rawValue {
            place += 1
        }
        return place
    }

    @inlinable func holds(_ node: NodeID, at place: Int) -> Bool {
        place < nodes.count && nodes[place].rawValue == node.rawValue
    }
}

extension NodeTable: RandomAccessCollection {
    package typealias Element = (key: NodeID, value: Value)

    @inlinable package var startIndex: Int { 0 }
    @inlinable package var endIndex: Int { nodes.count }

    @inlinable package subscript(position: Int) -> Element {
        (nodes[position], held[position])
    }
}

extension NodeTable: Sendable where Value: Sendable {}
