package import IOCore
import IOLibuv
package import Identifiers
import Wire

/// Asks a node's client port which cluster it belongs to.
package enum ClusterProbe {
    /// What a node says.
    package enum Answer: Sendable, Equatable {
        case cluster(ClusterID)
        /// It is there, and does not take us, for this reason.
        case refused(String)
        /// Nobody answers within a few seconds.
        case silence
    }

    /// What the node at `address` says.
    package static func ask(_ address: Address) -> Answer {
        let loop = UVLoop()
        let answer = Locked<Answer>(.silence)
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
                    let handler = ProbeHandler { said in
                        answer.withLock { $0 = said }
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
    private var done: ((ClusterProbe.Answer) -> Void)?

    init(done: @escaping (ClusterProbe.Answer) -> Void) {
        self.done = done
    }

    private func finish(_ said: ClusterProbe.Answer) {
        let done = done
        self.done = nil
        done?(said)
    }

    func received(_ bytes: [UInt8]) {
        switch opener.received(bytes) {
        case .needsMore: break
        case .accepted(let answer, _):
            finish(answer.cluster.map(ClusterProbe.Answer.cluster) ?? .silence)
        case .refused(let refusal): finish(.refused("\(refusal)"))
        }
    }

    func drained() {}

    func closed(_ reason: String) {
        finish(.silence)
    }
}
