import Client
import IOCore
import Identifiers
import Logging

extension Logger {
    /// One line for what happened on a client's loop.
    func log(_ event: ClientEvent) {
        switch event {
        case .connectionEnded(let node, let reason):
            debug("connection ended", metadata: ["node": "\(node)", "reason": "\(reason)"])
        case .sessionLost(let session):
            info("session lost", metadata: ["session": "\(session)"])
        case .acknowledgedLost(let session, let reason):
            error(
                "the cluster has lost acknowledged transactions",
                metadata: ["session": "\(session)", "reason": "\(reason)"])
        }
    }
}
