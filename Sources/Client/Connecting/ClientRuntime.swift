package import IOCore

/// The loop thread that a client lives on, and the network that belongs to it.
package protocol ClientRuntime: AnyObject, Sendable {
    var loop: any EventLoop { get }
    /// Runs `body` on the loop with its network, before anything posted later.
    func begin(_ body: @escaping @Sendable (any Network) -> Void)
    /// Ends the loop when what is under way has closed; nothing is posted afterwards. Called on the
    /// loop; does not block.
    func end()
}
