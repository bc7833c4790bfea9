import Codec
import IOCore
import Identifiers
import Logging
import Replication
import Wire

/// One connection to another replica: handshake, then messages.
final class PeerConnection: ConnectionHandler {
    private enum Phase {
        case accepting(HandshakeAcceptor)
        case opening(HandshakeOpener)
        case open(MessageSplitter)
        case closed
    }

    private unowned let hub: PeerHub
    private let connection: any Connection
    private var phase: Phase
    /// Who was dialled.
    let expected: NodeID?
    /// Who it is, from the handshake.
    private(set) var peer: NodeID?
    private(set) var peerIncarnation: Incarnation?
    /// In which run the peer's process is; 0: it has not told.
    private(set) var peerBoot: UInt64 = 0
    /// The record as of which a peer that dialled knew the membership; zero otherwise.
    private(set) var peerMembershipIndex = LogIndex.zero
    private var timer: TimerID?
    /// When something of the peer arrived last.
    private(set) var lastHeard: MonotonicTime

    /// How long the peer's system may be silent, to probes too, before the connection ends.
    private static let silenceMilliseconds: UInt32 = 5_000
    private static let handshakeMilliseconds: UInt64 = 5_000

    init(accepted connection: any Connection, hub: PeerHub) {
        self.connection = connection
        self.hub = hub
        lastHeard = hub.loop.now
        expected = nil
        phase = .accepting(
            HandshakeAcceptor(
                identity: HandshakeAcceptor.Identity(
                    cluster: hub.cluster, node: hub.node, incarnation: hub.incarnation,
                    boot: hub.boot, terms: hub.terms),
                role: .peer))
    }

    init(dialled connection: any Connection, expecting node: NodeID, hub: PeerHub) {
        self.connection = connection
        self.hub = hub
        lastHeard = hub.loop.now
        expected = node
        phase = .opening(
            HandshakeOpener(
                HandshakeOffer(
                    role: .peer, cluster: hub.cluster, node: hub.node,
                    incarnation: hub.incarnation, membershipIndex: hub.membershipIndex,
                    boot: hub.boot, terms: hub.terms)))
    }

    var isDialled: Bool {
        expected != nil
    }

    var unsentBytes: Int {
        connection.unsentBytes
    }

    /// Whether more may be given to the connection; a peer that does not read loses messages, and
    /// the core's flow control takes it from there.
    var hasRoom: Bool {
        connection.unsentBytes < hub.limits.inflightBytesPerPeer * 2
    }

    func start() {
        if case .opening(let opener) = phase {
            connection.send(opener.offer.encoded())
        }
        let loop = hub.loop
        let back = LoopBound(self, to: loop)
        let deadline = loop.now.advanced(milliseconds: Self.handshakeMilliseconds)
        timer = loop.schedule(at: deadline) {
            back.value.handshakeTimedOut()
        }
        connection.endWhenSilent(milliseconds: Self.silenceMilliseconds)
        connection.setHandler(self)
    }

    func send(_ buffers: [[UInt8]]) {
        for buffer in buffers {
            connection.send(buffer)
        }
    }

    func close(_ reason: String) {
        guard !isClosed else { return }
        end(reason)
        connection.close(flush: false)
    }

    /// Closes once what is under way has left: the last message of a node that leaves.
    func closeSoon(_ reason: String) {
        guard !isClosed else { return }
        end(reason)
        connection.close(flush: true)
    }

    private var isClosed: Bool {
        if case .closed = phase { return true }
        return false
    }

    private func end(_ reason: String) {
        phase = .closed
        if let timer { hub.loop.cancel(timer) }
        timer = nil
        hub.ended(self, reason: reason)
    }

    private func handshakeTimedOut() {
        timer = nil
        switch phase {
        case .accepting, .opening: close("no handshake within \(Self.handshakeMilliseconds) ms")
        case .open, .closed: break
        }
    }

    // MARK: ConnectionHandler

    func received(_ bytes: [UInt8]) {
        lastHeard = hub.loop.now
        switch phase {
        case .accepting(var acceptor):
            let verdict = acceptor.received(bytes)
            phase = .accepting(acceptor)
            accept(verdict)
        case .opening(var opener):
            let verdict = opener.received(bytes)
            phase = .opening(opener)
            open(verdict)
        case .open(var splitter):
            phase = .closed
            splitter.append(bytes)
            phase = .open(splitter)
            drain()
        case .closed:
            break
        }
    }

    func drained() {}

    func closed(_ reason: String) {
        guard !isClosed else { return }
        end(reason)
    }

    // MARK: Handshake

    private func accept(_ verdict: HandshakeAcceptor.Verdict) {
        switch verdict {
        case .needsMore:
            break
        case .refused(let refusal, let reply):
            refuse(refusal, reply)
        case .accepted(let offer, _, let reply, let rest):
            guard let node = offer.node, let incarnation = offer.incarnation else {
                close("a peer without a name")
                return
            }
            if let refusal = hub.objection(to: node, incarnation, knowing: offer.membershipIndex) {
                refuse(refusal, answer(refusal).encoded())
                return
            }
            peerMembershipIndex = offer.membershipIndex
            peerBoot = offer.boot
            connection.send(reply)
            become(node, incarnation, rest)
        }
    }

    private func answer(_ refusal: HandshakeRefusal) -> HandshakeAnswer {
        HandshakeAnswer(
            refusal: refusal, version: NativeProtocol.highestVersion, cluster: hub.cluster,
            node: hub.node, incarnation: hub.incarnation)
    }

    private func refuse(_ refusal: HandshakeRefusal, _ reply: [UInt8]) {
        hub.complain("peer refused", ["why": "\(refusal)"])
        if !reply.isEmpty {
            connection.send(reply)
        }
        closeSoon("\(refusal)")
    }

    private func open(_ verdict: HandshakeOpener.Verdict) {
        switch verdict {
        case .needsMore:
            break
        case .refused(let refusal):
            hub.refused(refusal, by: expected)
            close("refused: \(refusal)")
        case .accepted(let answer, let rest):
            guard let node = answer.node, node == expected, let incarnation = answer.incarnation
            else {
                close("node \(answer.node?.description ?? "?") answers at its address")
                return
            }
            if let refusal = hub.objection(to: node, incarnation, knowing: .zero) {
                close("\(refusal)")
                return
            }
            peerBoot = answer.boot
            become(node, incarnation, rest)
        }
    }

    private func become(_ node: NodeID, _ incarnation: Incarnation, _ rest: [UInt8]) {
        if let timer { hub.loop.cancel(timer) }
        timer = nil
        peer = node
        peerIncarnation = incarnation
        var splitter = MessageSplitter(limitBytes: hub.limits.peerMessageBytes)
        if !rest.isEmpty {
            splitter.append(rest)
        }
        phase = .open(splitter)
        hub.established(self)
        drain()
    }

    // MARK: Messages

    private func drain() {
        while case .open(var splitter) = phase {
            do throws(DecodingFailure) {
                phase = .closed
                let message = try splitter.next()
                phase = .open(splitter)
                guard let message else { return }
                try deliver(message.body, kind: message.kind)
            } catch {
                phase = .open(splitter)
                hub.logger.error(
                    "a peer sent what cannot be read",
                    metadata: ["peer": "\(peer?.description ?? "?")", "why": "\(error)"])
                close("\(error)")
                return
            }
        }
    }

    private func deliver(_ body: ByteReader, kind: UInt8) throws(DecodingFailure) {
        switch kind {
        case PeerMessage.kind:
            hub.received(try PeerMessage.decode(body, limits: hub.limits), from: self)
        case RepairMessage.kind:
            hub.received(try RepairMessage.decode(body, limits: hub.limits), from: self)
        case FoundingMessage.kind:
            hub.received(try FoundingMessage.decode(body, limits: hub.limits), from: self)
        default:
            throw .malformed(at: 4, what: "peer message of kind \(kind)")
        }
    }
}
