import Codec
import Identifiers
import Testing
import Wire

@Suite struct HandshakeTests {
    static let terms = ReplicationTerms(featureLevel: 1, values: [5, 256])
    static let cluster = ClusterID(Bits128(high: 7, low: 8))
    static let identity = HandshakeAcceptor.Identity(
        cluster: cluster, node: NodeID(2), incarnation: Incarnation(9))

    private static func verdict(
        _ offer: HandshakeOffer, role: HandshakeOffer.Role = .client,
        standing: HandshakeRefusal? = nil
    ) -> HandshakeAcceptor.Verdict {
        var identity = identity
        identity.terms = role == .peer ? terms : nil
        var acceptor = HandshakeAcceptor(
            identity: identity, role: role, standingRefusal: standing)
        return acceptor.received(offer.encoded())
    }

    private static func refusal(_ verdict: HandshakeAcceptor.Verdict) -> HandshakeRefusal? {
        guard case .refused(let refusal, let reply) = verdict else { return nil }
        var opener = HandshakeOpener(HandshakeOffer(role: .client))
        // What the other end reads is what was decided.
        #expect(opener.received(reply) == .refused(refusal))
        return refusal
    }

    @Test func `an offer has its golden bytes`() {
        let offer = HandshakeOffer(
            role: .peer, lowestVersion: 1, highestVersion: 2, cluster: Self.cluster,
            node: NodeID(3), incarnation: Incarnation(4), membershipIndex: LogIndex(6),
            boot: 9, terms: Self.terms)
        let golden: [UInt8] =
            Array("LOCKSTEP".utf8) + [2, 1, 0, 2, 0] + [7, 0, 0, 0, 0, 0, 0, 0]
            + [8, 0, 0, 0, 0, 0, 0, 0] + [3, 0, 0, 0, 0, 0, 0, 0] + [4, 0, 0, 0, 0, 0, 0, 0]
        let terms: [UInt8] =
            [6, 0, 0, 0, 0, 0, 0, 0] + [9, 0, 0, 0, 0, 0, 0, 0] + [1, 0, 2] + [
                5, 0, 0, 0, 0, 0, 0, 0,
            ] + [
                0, 1, 0, 0, 0, 0, 0, 0,
            ]
        #expect(offer.encoded() == golden + terms)
        #expect(golden.count == HandshakeOffer.fixedBytes)
    }

    @Test func `an answer has its golden bytes`() {
        let answer = HandshakeAnswer(
            refusal: HandshakeRefusal(.wrongRole, "no"), version: 1, cluster: nil,
            node: NodeID(3), incarnation: nil)
        let golden: [UInt8] =
            Array("LOCKSTEP".utf8) + [3, 1, 0] + [UInt8](repeating: 0, count: 16)
            + [3, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 0] + [2, 0] + Array("no".utf8)
        #expect(answer.encoded() == golden)
    }

    @Test func `both ends agree, byte by byte, and keep what follows`() {
        var acceptor = HandshakeAcceptor(identity: Self.identity, role: .client)
        let offer = HandshakeOffer(role: .client, cluster: Self.cluster)
        let stream = offer.encoded() + [42]
        for byte in stream.prefix(HandshakeOffer.fixedBytes - 1) {
            #expect(acceptor.received([byte]) == .needsMore)
        }
        let verdict = acceptor.received(Array(stream.suffix(2)))
        guard case .accepted(let heard, let version, let reply, let rest) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(heard == offer)
        #expect(version == NativeProtocol.highestVersion)
        #expect(rest == [42])
        var opener = HandshakeOpener(offer)
        for byte in reply.dropLast() {
            #expect(opener.received([byte]) == .needsMore)
        }
        guard case .accepted(let answer, let after) = opener.received([reply[reply.count - 1], 5])
        else {
            Issue.record("the answer is not taken")
            return
        }
        #expect(answer.node == NodeID(2))
        #expect(answer.incarnation == Incarnation(9))
        #expect(after == [5])
    }

    @Test func `an unknown version is refused with both ranges`() {
        let offer = HandshakeOffer(role: .client, lowestVersion: 8, highestVersion: 9)
        let refusal = Self.refusal(Self.verdict(offer))
        #expect(refusal?.code == .unknownVersion)
        #expect(
            refusal?.text
                == "this node speaks versions 1 to 1, the other end 8 to 9; upgrade the older one")
    }

    @Test func `a wrong cluster, role and a full node are refused`() {
        let stranger = HandshakeOffer(role: .client, cluster: ClusterID(Bits128(high: 1, low: 1)))
        #expect(Self.refusal(Self.verdict(stranger))?.code == .wrongCluster)
        let peer = HandshakeOffer(
            role: .peer, node: NodeID(1), incarnation: Incarnation(1), terms: Self.terms)
        #expect(Self.refusal(Self.verdict(peer))?.code == .wrongRole)
        let full = HandshakeRefusal(.tooManyConnections, "10000 connections; try another node")
        let client = HandshakeOffer(role: .client)
        #expect(Self.refusal(Self.verdict(client, standing: full)) == full)
    }

    @Test func `a peer without a name is refused`() {
        let nameless = HandshakeOffer(role: .peer, terms: Self.terms)
        #expect(Self.refusal(Self.verdict(nameless, role: .peer))?.code == .malformed)
    }

    @Test func `a stranger is refused at the first wrong byte, without an answer`() {
        var acceptor = HandshakeAcceptor(identity: Self.identity, role: .client)
        #expect(acceptor.received(Array("LOC".utf8)) == .needsMore)
        guard case .refused(let refusal, let reply) = acceptor.received(Array("AL".utf8)) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.code == .malformed)
        #expect(reply.isEmpty)
    }

    private static func peer(_ terms: ReplicationTerms) -> HandshakeOffer {
        HandshakeOffer(
            role: .peer, node: NodeID(3), incarnation: Incarnation(4), boot: 71, terms: terms)
    }

    @Test func `two nodes tell each other their boots and terms, byte by byte`() {
        var identity = Self.identity
        identity.boot = 72
        identity.terms = Self.terms
        var acceptor = HandshakeAcceptor(identity: identity, role: .peer)
        let stream = Self.peer(Self.terms).encoded()
        for byte in stream.dropLast() { #expect(acceptor.received([byte]) == .needsMore) }
        let verdict = acceptor.received([stream[stream.count - 1], 42])
        guard case .accepted(let heard, _, let reply, let rest) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(heard.terms == Self.terms)
        #expect(heard.boot == 71)
        #expect(rest == [42])
        var opener = HandshakeOpener(Self.peer(Self.terms))
        for byte in reply.dropLast() { #expect(opener.received([byte]) == .needsMore) }
        guard case .accepted(let answer, let after) = opener.received([reply[reply.count - 1], 5])
        else {
            Issue.record("the answer is not taken")
            return
        }
        #expect(answer.terms == Self.terms)
        #expect(answer.boot == 72)
        #expect(after == [5])
    }

    @Test(arguments: [
        (
            ReplicationTerms(featureLevel: 2, values: [5, 256]),
            "the feature level is 1 at this node and 2 at the other end"
        ),
        (
            ReplicationTerms(featureLevel: 1, values: [5]),
            "2 limits decide outcomes at this node and 1 at the other end"
        ),
        (
            ReplicationTerms(featureLevel: 1, values: [4, 255]),
            "the limit frameBytes is 5 at this node and 4 at the other end, "
                + "the limit frameRecords is 256 at this node and 255 at the other end"
        ),
    ])
    func `a node under other terms is refused with what differs`(
        terms: ReplicationTerms, difference: String
    ) {
        let text =
            "the nodes would come to different states: \(difference); run one version everywhere"
        let refusal = Self.refusal(Self.verdict(Self.peer(terms), role: .peer))
        #expect(refusal == HandshakeRefusal(.termsDiffer, text))
        // An acceptor that does not look is found out by the other end.
        let answer = HandshakeAnswer(
            refusal: nil, version: 1, cluster: nil, node: NodeID(2), incarnation: Incarnation(9),
            terms: terms)
        var opener = HandshakeOpener(Self.peer(Self.terms))
        #expect(
            opener.received(answer.encoded()) == .refused(HandshakeRefusal(.termsDiffer, text)))
    }

    @Test func `a node that is no member hears as of which record`() {
        let refusal = HandshakeRefusal(.notMember, "removed", asOf: LogIndex(300))
        let answer = HandshakeAnswer(
            refusal: refusal, version: 1, cluster: nil, node: NodeID(2), incarnation: nil)
        let bytes = answer.encoded()
        #expect(bytes.suffix(8) == [44, 1, 0, 0, 0, 0, 0, 0])
        var opener = HandshakeOpener(Self.peer(Self.terms))
        #expect(opener.received(Array(bytes.dropLast())) == .needsMore)
        #expect(opener.received([0]) == .refused(refusal))
    }

    @Test func `a server that chooses what was not offered is left`() {
        let answer = HandshakeAnswer(
            refusal: nil, version: 77, cluster: nil, node: nil, incarnation: nil)
        var opener = HandshakeOpener(HandshakeOffer(role: .client))
        guard case .refused(let refusal) = opener.received(answer.encoded()) else {
            Issue.record("taken")
            return
        }
        #expect(refusal.code == .unknownVersion)
    }
}
