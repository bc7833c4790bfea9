import IOCore
import IOLibuv
import Identifiers
import Wire

/// Asks a node's client port which cluster it belongs to.
enum ClusterProbe {
    /// The cluster of the node at `address`; nil where nobody answers within a few seconds.
    static func cluster(at address: Address) -> ClusterID? {
        let loop = UVLoop()
        let answer = Locked<ClusterID?>(nil)
        loop.post {
            let network = UVNetwork(loop)
            let deadline = loop.now.advanced(milliseconds: 5_000)
            _ = loop.schedule(at: deadline) { loop.requestStop() }
            network.connect(to: address) { result in
                // The closure keeps the network until the connection is there.
                withExtendedLifetime(network) {
                    guard case .success(let connection) = result else {
                        loop.requestStop()
                        return
                    }
                    let handler = ProbeHandler { cluster in
                        answer.withLock { $0 = cluster }
                        loop.requestStop()
                    }
                    connection.send(handler.opener.offer.encoded())
                    connection.setHandler(handler)
                }
            }
        }
        loop.run()
        return answer.withLock { $0 }
    }
}

private final class ProbeHandler: ConnectionHandler {
    var opener = HandshakeOpener(
        HandshakeOffer(role: .client, cluster: nil, node: nil, incarnation: nil))
    /// Nil once it has been called: the end of the connection is no answer after an answer.
    private var done: ((ClusterID?) -> Void)?

    init(done: @escaping (ClusterID?) -> Void) {
        self.done = done
    }

    private func finish(_ cluster: ClusterID?) {
        let done = done
        self.done = nil
        done?(cluster)
    }

    func received(_ bytes: [UInt8]) {
        switch opener.received(bytes) {
        case .needsMore: break
        case .accepted(let answer, _): finish(answer.cluster)
        case .refused: finish(nil)
        }
    }

    func drained() {}

    func closed(_ reason: String) {
        finish(nil)
    }
}
