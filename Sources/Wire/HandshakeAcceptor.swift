package import Codec
package import Identifiers

/// The accepting end of a handshake: bytes in, one verdict out.
///
/// Used on the client port and on the peer port. A stream that does not begin with the magic is
/// refused at its first wrong byte, without an answer: whoever that is does not speak this protocol.
package struct HandshakeAcceptor: Sendable {
    /// What this node is, for the answer.
    package struct Identity: Sendable, Hashable {
        package var cluster: ClusterID?
        package var node: NodeID?
        package var incarnation: Incarnation?
        /// In which run the process is; told by a peer port alone.
        package var boot: UInt64
        /// What is replicated under; of a peer port.
        package var terms: ReplicationTerms?
        package init(
            cluster: ClusterID?, node: NodeID?, incarnation: Incarnation?, boot: UInt64 = 0,
            terms: ReplicationTerms? = nil
        ) {
            self.cluster = cluster
            self.node = node
            self.incarnation = incarnation
            self.boot = boot
            self.terms = terms
        }
    }

    package enum Verdict: Sendable, Equatable {
        case needsMore
        /// Send `reply`; go on with `rest`, which belongs to the first messages.
        case accepted(HandshakeOffer, version: UInt16, reply: [UInt8], rest: [UInt8])
        /// Send `reply` (empty for a stranger), then close.
        case refused(HandshakeRefusal, reply: [UInt8])
    }

    private let identity: Identity
    private let role: HandshakeOffer.Role
    private let lowestVersion: UInt16
    private let highestVersion: UInt16
    private let standingRefusal: HandshakeRefusal?
    private var buffer: [UInt8] = []

    /// Accepts `role` only; `standingRefusal` refuses everybody who speaks the protocol, such as when
    /// there are too many connections.
    package init(
        identity: Identity, role: HandshakeOffer.Role, standingRefusal: HandshakeRefusal? = nil,
        lowestVersion: UInt16 = NativeProtocol.lowestVersion,
        highestVersion: UInt16 = NativeProtocol.highestVersion
    ) {
        precondition(
            (role == .peer) == (identity.terms != nil), "terms belong to a peer port: \(role)")
        precondition(
            lowestVersion <= highestVersion, "versions \(lowestVersion) to \(highestVersion)")
        self.identity = identity
        self.role = role
        self.standingRefusal = standingRefusal
        self.lowestVersion = lowestVersion
        self.highestVersion = highestVersion
    }

    /// Takes the next bytes; not to be called again after a verdict other than `needsMore`.
    package mutating func received(_ bytes: [UInt8]) -> Verdict {
        buffer.append(contentsOf: bytes)
        guard buffer.starts(with: NativeProtocol.magic) || NativeProtocol.magic.starts(with: buffer)
        else {
            let refusal = HandshakeRefusal(
                .malformed, "the peer does not speak this protocol: no LOCKSTEP at its beginning")
            return .refused(refusal, reply: [])
        }
        guard buffer.count >= HandshakeOffer.fixedBytes else { return .needsMore }
        var reader = ByteReader(buffer)
        let offer: HandshakeOffer
        do {
            offer = try HandshakeOffer(from: &reader)
        } catch .truncated {
            return .needsMore
        } catch {
            return refuse(HandshakeRefusal(.malformed, "handshake: \(error)"))
        }
        if let refusal = objection(to: offer) { return refuse(refusal) }
        let version = min(highestVersion, offer.highestVersion)
        return .accepted(
            offer, version: version, reply: answer(nil, version: version).encoded(),
            rest: Array(buffer[reader.position...]))
    }

    private func objection(to offer: HandshakeOffer) -> HandshakeRefusal? {
        if let standingRefusal { return standingRefusal }
        guard offer.role == role else {
            return HandshakeRefusal(
                .wrongRole, "this port serves \(role)s; connect to the node's \(offer.role) port")
        }
        guard offer.lowestVersion <= highestVersion, offer.highestVersion >= lowestVersion else {
            return HandshakeRefusal(
                .unknownVersion,
                "this node speaks versions \(lowestVersion) to \(highestVersion), the other end "
                    + "\(offer.lowestVersion) to \(offer.highestVersion); upgrade the older one")
        }
        if let wanted = offer.cluster, wanted != identity.cluster {
            let own = identity.cluster.map { "\($0)" } ?? "none yet"
            return HandshakeRefusal(
                .wrongCluster, "this node's cluster is \(own), not \(wanted); check the address")
        }
        if offer.role == .peer, offer.node == nil || offer.incarnation == nil {
            return HandshakeRefusal(.malformed, "a peer must name its node and incarnation")
        }
        if let terms = identity.terms, let other = offer.terms,
            let difference = terms.difference(from: other)
        {
            return Self.termsRefusal(difference)
        }
        return nil
    }

    fileprivate static func termsRefusal(_ difference: String) -> HandshakeRefusal {
        HandshakeRefusal(
            .termsDiffer,
            "the nodes would come to different states: \(difference); run one version everywhere")
    }

    private func refuse(_ refusal: HandshakeRefusal) -> Verdict {
        .refused(refusal, reply: answer(refusal, version: highestVersion).encoded())
    }

    private func answer(_ refusal: HandshakeRefusal?, version: UInt16) -> HandshakeAnswer {
        HandshakeAnswer(
            refusal: refusal, version: version, cluster: identity.cluster, node: identity.node,
            incarnation: identity.incarnation, boot: refusal == nil ? identity.boot : 0,
            terms: refusal == nil ? identity.terms : nil)
    }
}

/// The connecting end of a handshake: sends `offer`, then reads the answer.
package struct HandshakeOpener: Sendable {
    package enum Verdict: Sendable, Equatable {
        case needsMore
        /// Go on with `rest`, which belongs to the first messages.
        case accepted(HandshakeAnswer, rest: [UInt8])
        /// The other end said no, or is not what it should be: close.
        case refused(HandshakeRefusal)
    }

    package let offer: HandshakeOffer
    private var buffer: [UInt8] = []

    package init(_ offer: HandshakeOffer) {
        self.offer = offer
    }

    /// Takes the next bytes; not to be called again after a verdict other than `needsMore`.
    package mutating func received(_ bytes: [UInt8]) -> Verdict {
        buffer.append(contentsOf: bytes)
        guard buffer.starts(with: NativeProtocol.magic) || NativeProtocol.magic.starts(with: buffer)
        else {
            return .refused(
                HandshakeRefusal(
                    .malformed, "the server does not speak this protocol; check the port"))
        }
        guard buffer.count >= HandshakeAnswer.fixedBytes else { return .needsMore }
        var reader = ByteReader(buffer)
        let answer: HandshakeAnswer
        do {
            answer = try HandshakeAnswer(from: &reader, to: offer.role)
        } catch .truncated {
            return .needsMore
        } catch {
            return .refused(HandshakeRefusal(.malformed, "the server's handshake: \(error)"))
        }
        if let refusal = answer.refusal { return .refused(refusal) }
        guard answer.version >= offer.lowestVersion, answer.version <= offer.highestVersion else {
            return .refused(
                HandshakeRefusal(
                    .unknownVersion, "the server chose version \(answer.version), not offered"))
        }
        if let wanted = offer.cluster, wanted != answer.cluster {
            return .refused(
                HandshakeRefusal(.wrongCluster, "the server is not of cluster \(wanted)"))
        }
        if let terms = offer.terms, let other = answer.terms,
            let difference = terms.difference(from: other)
        {
            return .refused(HandshakeAcceptor.termsRefusal(difference))
        }
        return .accepted(answer, rest: Array(buffer[reader.position...]))
    }
}
