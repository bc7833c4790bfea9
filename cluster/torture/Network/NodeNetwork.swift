import Lockstep

/// Where the nodes of a run listen.
enum NodeNetwork {
    /// All on 127.0.0.1, apart by their ports; without a proxy nothing can be done to what they send.
    case loopback(basePort: Int, StreamProxy?)
    case namespaces(NamespaceNetwork)

    /// Beyond the port where a node listens on loopback, that of the proxy before it.
    private static let proxyDistance = 5

    /// All ways through a proxy for the nodes 1 to `nodes` at a base port.
    static func routes(basePort: Int, nodes: Int) -> [StreamProxy.Route] {
        (1...nodes).flatMap { node in
            [0, 1].map { place in
                let port = basePort + 10 * node + place
                return StreamProxy.Route(
                    port: UInt16(port + proxyDistance), node: node, target: UInt16(port))
            }
        }
    }

    /// Keeps other runs away from a base port, at which no node listens, as long as this process lives.
    static func reserve(basePort: Int) throws(TortureFailure) {
        try StreamProxy.keep(UInt16(basePort))
    }

    /// Looks whether the nodes 1 to `nodes` at a base port, and a proxy before them, can listen.
    ///
    /// - Throws: `TortureFailure` that names the first port where something listens already.
    static func checkPorts(
        basePort: Int, nodes: Int, areProxied: Bool
    ) throws(TortureFailure) {
        for route in routes(basePort: basePort, nodes: nodes) {
            try StreamProxy.checkIsFree(route.target)
            if areProxied { try StreamProxy.checkIsFree(route.port) }
        }
    }

    /// The port for clients that a node is known by; the next one is for the other nodes.
    private func clientPort(_ node: Int) -> UInt16 {
        switch self {
        case .loopback(let basePort, let proxy):
            UInt16(basePort + 10 * node + (proxy == nil ? 0 : Self.proxyDistance))
        case .namespaces: 4_710
        }
    }

    /// Where a node listens for clients, if it is known by another port than it listens at.
    func clientListener(_ node: Int) -> Endpoint {
        guard case .loopback(let basePort, .some) = self else { return clientEndpoint(node) }
        return Endpoint(host: host(node), port: UInt16(basePort + 10 * node))
    }

    /// Where a node listens for the other nodes.
    func peerListener(_ node: Int) -> Endpoint {
        guard case .loopback(let basePort, .some) = self else { return peerEndpoint(node) }
        return Endpoint(host: host(node), port: UInt16(basePort + 10 * node + 1))
    }

    /// What can be done to what is sent; nil for nothing.
    var faults: (any PacketFaults)? {
        switch self {
        case .loopback(_, let proxy): proxy
        case .namespaces(let network): network.packets
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

    /// Ends what carries the packets or the connections, and lets go of namespaces.
    func end() async {
        switch self {
        case .namespaces(let network): await network.end()
        case .loopback(_, let proxy): proxy?.stop()
        }
    }

    var name: String {
        switch self {
        case .loopback(_, .none): "loopback"
        case .loopback(_, .some): "loopback with a proxy"
        case .namespaces: "namespaces"
        }
    }
}
