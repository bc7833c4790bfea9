import Lockstep

/// Where the nodes of a run listen.
enum NodeNetwork {
    /// All on 127.0.0.1, apart by their ports; nothing can be done to what they send.
    case loopback(basePort: Int)
    case namespaces(NamespaceNetwork)

    /// The port for clients; the next one is for the other nodes.
    func clientPort(_ node: Int) -> UInt16 {
        switch self {
        case .loopback(let basePort): UInt16(basePort + 10 * node)
        case .namespaces: 4_710
        }
    }

    func host(_ node: Int) -> String {
        switch self {
        case .loopback: "127.0.0.1"
        case .namespaces: NamespaceNetwork.address(node)
        }
    }

    func clientEndpoint(_ node: Int) -> Endpoint {
        Endpoint(host: host(node), port: clientPort(node))
    }

    func peerEndpoint(_ node: Int) -> Endpoint {
        Endpoint(host: host(node), port: clientPort(node) + 1)
    }

    /// What is put before a node's command; its next word may be `NAME=VALUE` for its environment.
    func prefix(_ node: Int) -> [String] {
        switch self {
        case .loopback: ["/usr/bin/env"]
        case .namespaces(let network): network.prefix(node)
        }
    }

    var name: String {
        switch self {
        case .loopback: "loopback"
        case .namespaces: "namespaces"
        }
    }
}
