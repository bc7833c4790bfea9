/// Links between clients and hosts that are cut, late or reset.
extension FaultInjector {
    func disturbClient(
        _ place: Int, _ fault: Fault, _ kind: Fault.ClientLinkFault, _ milliseconds: UInt64
    ) {
        guard !clients.isEmpty else { return }
        let client = clients[place % clients.count]
        note(fault)
        for host in cluster.hosts {
            switch kind {
            case .cut:
                cut(client, host.name, milliseconds)
                cut(host.name, client, milliseconds)
            case .unanswered:
                cut(host.name, client, milliseconds)
                // What is kept back would arrive after all.
                later(milliseconds - 1) {
                    if !self.isOver { self.fabric.reset(client, host.name) }
                }
            case .late:
                clog(client, host.name, milliseconds / 10, milliseconds)
                clog(host.name, client, milliseconds / 10, milliseconds)
            case .reset:
                fabric.reset(client, host.name)
            }
        }
    }

    /// Ends whatever is done to the links between a client and a host.
    func freeLinks(_ client: String, _ host: SimulatedHost) {
        for (one, other) in [(client, host.name), (host.name, client)] {
            fabric.unblock(one, other)
            fabric.clog(one, other, milliseconds: nil)
        }
    }
}
