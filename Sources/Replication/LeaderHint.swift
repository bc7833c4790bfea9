package import Identifiers

/// Who leads and where its clients connect.
package struct LeaderHint: Hashable, Sendable {
    package let node: NodeID
    package let clientAddress: String
    package init(node: NodeID, clientAddress: String) {
        self.node = node
        self.clientAddress = clientAddress
    }
}
