import Codec
import Identifiers
import Sessions
import Testing
import Transactions
import Wire

@Suite struct ClientSessionTests {
    static let identity = HandshakeAcceptor.Identity(
        cluster: ClusterID(Bits128(high: 1, low: 2)), node: NodeID(1), incarnation: Incarnation(3))

    static func open(_ limits: Limits = .standard) -> ClientSession {
        var session = ClientSession(identity: identity, limits: limits)
        let actions = session.received(HandshakeOffer(role: .client).encoded())
        #expect(actions.count == 1)
        #expect(session.isOpen)
        return session
    }

    static func bytes(_ requests: (UInt32, Request)...) -> [UInt8] {
        var writer = ByteWriter()
        for (identifier, request) in requests {
            request.encode(RequestID(identifier), into: &writer)
        }
        return writer.take()
    }

    static func bytes(_ identifier: UInt32, _ response: Response) -> [UInt8] {
        var writer = ByteWriter()
        response.encode(RequestID(identifier), into: &writer)
        return writer.take()
    }

    static func perform(_ identifier: UInt32, _ request: Request) -> ClientSession.Action {
        .perform(RequestID(identifier), request)
    }

    private static func reason(_ actions: [ClientSession.Action]) -> String? {
        guard case .close(let reason) = actions.last else { return nil }
        return reason
    }

    @Test func `the handshake is answered and requests behind it are performed`() {
        var session = ClientSession(identity: Self.identity)
        let stream = HandshakeOffer(role: .client).encoded() + Self.bytes((7, .status))
        let actions = session.received(stream)
        #expect(actions.count == 2)
        #expect(actions.last == Self.perform(7, .status))
        #expect(session.outstanding == 1)
        let reply = session.answered(RequestID(7), .done(LogIndex(1)))
        #expect(reply == [.send(Self.bytes(7, .done(LogIndex(1))))])
        #expect(session.outstanding == 0)
    }

    @Test(arguments: [1, 2, 3, 7, 50])
    func `requests are performed in order however the stream is cut`(piece: Int) {
        var session = ClientSession(identity: Self.identity)
        var stream = HandshakeOffer(role: .client).encoded()
        for number in 1...20 as ClosedRange<UInt32> {
            stream += Self.bytes((number, .keepAlive(SessionID(UInt64(number)))))
        }
        var performed: [ClientSession.Action] = []
        var position = 0
        while position < stream.count {
            let end = min(stream.count, position + piece)
            performed += session.received(Array(stream[position..<end])).filter { action in
                if case .perform = action { true } else { false }
            }
            position = end
        }
        let wanted = (1...20 as ClosedRange<UInt32>).map {
            Self.perform($0, .keepAlive(SessionID(UInt64($0))))
        }
        #expect(performed == wanted)
    }

    @Test func `a stranger is closed without an answer`() {
        var session = ClientSession(identity: Self.identity)
        let actions = session.received(Array("GET / HTTP/1.1\r\n".utf8))
        #expect(actions.count == 1)
        #expect(Self.reason(actions)?.contains("does not speak this protocol") == true)
        #expect(session.isClosed)
        #expect(session.received([1, 2, 3]).isEmpty)
    }

    @Test func `an unknown version is refused with an answer, then closed`() {
        var session = ClientSession(identity: Self.identity)
        let offer = HandshakeOffer(role: .client, lowestVersion: 5, highestVersion: 6)
        let actions = session.received(offer.encoded())
        #expect(actions.count == 2)
        #expect(Self.reason(actions)?.contains("versions 1 to 1") == true)
    }

    @Test func `one connection too many is told so`() {
        let refusal = HandshakeRefusal(.tooManyConnections, "full; try another node")
        var session = ClientSession(identity: Self.identity, refusal: refusal)
        let actions = session.received(HandshakeOffer(role: .client).encoded())
        guard case .send(let reply) = actions.first else {
            Issue.record("\(actions)")
            return
        }
        var opener = HandshakeOpener(HandshakeOffer(role: .client))
        #expect(opener.received(reply) == .refused(refusal))
        #expect(session.isClosed)
    }

    @Test(arguments: [
        [0xFF, 0xFF, 0xFF, 0x7F] as [UInt8],
        [4, 0, 0, 0],
        [5, 0, 0, 0, 0x70, 1, 0, 0, 0],
        [6, 0, 0, 0, 0x09, 1, 0, 0, 0, 0],
    ])
    func `a violation is named to the client and closes`(bytes: [UInt8]) {
        var session = Self.open()
        let actions = session.received(bytes)
        #expect(actions.count == 2)
        #expect(Self.reason(actions)?.hasPrefix("protocol violation: ") == true)
        #expect(session.isClosed)
        #expect(session.answered(RequestID(1), .done(LogIndex(1))).isEmpty)
    }

    @Test func `over the bound of requests reading pauses, and resumes at half of it`() {
        var limits = Limits()
        limits.requestsPerConnection = 4
        var session = Self.open(limits)
        var stream: [UInt8] = []
        for number in 1...6 as ClosedRange<UInt32> {
            stream += Self.bytes((number, .status))
        }
        let actions = session.received(stream)
        let first = (1...4 as ClosedRange<UInt32>).map { Self.perform($0, .status) }
        #expect(actions == first + [.setReading(false)])
        #expect(session.answered(RequestID(1), .done(.zero)).count == 1)
        let resumed = session.answered(RequestID(2), .done(.zero))
        #expect(
            resumed == [
                .send(Self.bytes(2, .done(.zero))), Self.perform(5, .status),
                Self.perform(6, .status),
            ])
        #expect(session.answered(RequestID(3), .done(.zero)).count == 1)
        #expect(session.answered(RequestID(4), .done(.zero)).last == .setReading(true))
    }

    @Test func `what is kept of requests is counted until they are answered`() {
        var session = Self.open()
        #expect(session.heldBytes == 0)
        let request = Self.bytes((1, .keepAlive(SessionID(1))))
        _ = session.received(request + request + request.dropLast())
        let held = session.heldBytes
        #expect(held > 2 * (request.count - 8))
        // An id that is given twice counts until both are answered.
        _ = session.answered(RequestID(1), .done(.zero))
        #expect(session.heldBytes == held)
        _ = session.answered(RequestID(1), .done(.zero))
        #expect(session.heldBytes == request.count - 1)
        _ = session.received([request[request.count - 1]])
        _ = session.answered(RequestID(1), .done(.zero))
        #expect(session.heldBytes == 0)
    }

    @Test func `output that is not taken holds requests back`() {
        var session = Self.open()
        #expect(session.outputFilled() == [.setReading(false)])
        #expect(session.received(Self.bytes((1, .status))).isEmpty)
        #expect(session.outputDrained() == [.setReading(true), Self.perform(1, .status)])
    }

    @Test func `several answers leave in one piece`() {
        var session = Self.open()
        _ = session.received(Self.bytes((1, .status), (2, .snapshot)))
        let actions = session.answered([
            (RequestID(2), .done(LogIndex(2))), (RequestID(1), .done(LogIndex(1))),
        ])
        let wanted = Self.bytes(2, .done(LogIndex(2))) + Self.bytes(1, .done(LogIndex(1)))
        #expect(actions == [.send(wanted)])
    }

    @Test func `an id that a watch has is taken, and none of a request becomes a watch's`() {
        let watch = Request.watch(WatchRequest(start: .now, credit: 2))
        for (first, second) in [(watch, Request.status), (.status, watch), (watch, watch)] {
            var session = Self.open()
            #expect(session.received(Self.bytes((5, first))) == [Self.perform(5, first)])
            let actions = session.received(Self.bytes((5, second)))
            #expect(Self.reason(actions)?.hasPrefix("protocol violation: ") == true)
            #expect(session.isClosed)
        }
    }

    @Test func `a watch spends its credit and gets more`() {
        var session = Self.open()
        let watch = Request.watch(WatchRequest(start: .now, credit: 2))
        #expect(session.received(Self.bytes((5, watch))) == [Self.perform(5, watch)])
        #expect(session.credit(of: RequestID(5)) == 2)
        _ = session.answered(RequestID(5), .watchStarted(first: LogIndex(1)))
        _ = session.answered(RequestID(5), .changeSets(through: LogIndex(2), [[1], [2]]))
        #expect(session.credit(of: RequestID(5)) == 0)
        let more = session.received(Self.bytes((5, .watchCredit(changeSets: 9))))
        #expect(more == [.creditGranted(RequestID(5))])
        #expect(session.credit(of: RequestID(5)) == 9)
        let cancel = session.received(Self.bytes((5, .watchCancel)))
        #expect(cancel == [.cancelWatch(RequestID(5))])
        #expect(session.answered(RequestID(5), .watchEnded(.cancelled)).count == 1)
        #expect(session.outstanding == 0)
        // What crosses the end on its way is no fault of the client's.
        #expect(session.received(Self.bytes((5, .watchCredit(changeSets: 9)))).isEmpty)
        #expect(session.received(Self.bytes((5, .watchCancel))).isEmpty)
        #expect(session.answered(RequestID(5), .changeSets(through: LogIndex(3), [])).isEmpty)
    }

    @Test func `a second watch of one id is a violation`() {
        var session = Self.open()
        let watch = Request.watch(WatchRequest(start: .now, credit: 2))
        let actions = session.received(Self.bytes((5, watch), (5, watch)))
        #expect(Self.reason(actions)?.contains("is a running watch's") == true)
    }

    @Test func `an answer over the bound becomes an error that says so`() {
        var limits = Limits()
        limits.clientAnswerBytes = 64
        var session = Self.open(limits)
        _ = session.received(Self.bytes((1, .status)))
        let large = Response.readResult(applied: .zero, [UInt8](repeating: 0, count: 100))
        let error = RequestError.tooLarge(what: "the answer", size: 107, limit: 64)
        #expect(
            session.answered(RequestID(1), large) == [.send(Self.bytes(1, .error(error)))])
    }

    @Test func `a change set over the bound ends its watch on both sides`() {
        var limits = Limits()
        limits.clientAnswerBytes = 64
        var session = Self.open(limits)
        let watch = Request.watch(WatchRequest(start: .now, credit: 2))
        _ = session.received(Self.bytes((5, watch)))
        let large = Response.changeSets(through: .zero, [[UInt8](repeating: 0, count: 100)])
        let error = RequestError.tooLarge(what: "the next change set", size: 108, limit: 64)
        #expect(
            session.answered(RequestID(5), large) == [
                .send(Self.bytes(5, .error(error))), .watchRefused(RequestID(5)),
            ])
        #expect(session.outstanding == 0)
        #expect(session.answered(RequestID(5), large).isEmpty)
    }

    @Test func `requests have a bound of their own`() {
        var limits = Limits()
        limits.clientRequestBytes = 64
        var session = Self.open(limits)
        let description = String(repeating: "a", count: 64)
        let request = Request.openSession(timeToLiveMilliseconds: 1, description: description)
        #expect(
            Self.reason(session.received(Self.bytes((1, request))))?
                .contains("over the limit of 64") == true)
    }

    @Test func `an answer holds the largest outcome and change set there can be`() {
        let limits = Limits.standard
        var session = Self.open(limits)
        let watch = Request.watch(WatchRequest(start: .now, credit: 2))
        _ = session.received(Self.bytes((1, .status), (5, watch)))
        let changes = [UInt8](repeating: 1, count: limits.changeSetBytes)
        let outcome = [UInt8](repeating: 2, count: limits.outcomeBytes)
        let answers: [(UInt32, Response)] = [
            (5, .changeSets(through: LogIndex(UInt64.max), [changes])),
            (1, .outcome(outcome, changes: changes)),
        ]
        for (identifier, answer) in answers {
            let wanted: [ClientSession.Action] = [.send(Self.bytes(identifier, answer))]
            #expect(session.answered(RequestID(identifier), answer) == wanted)
        }
    }

    @Test func `draining ends watches, answers the rest and closes`() {
        var session = Self.open()
        let watch = Request.watch(WatchRequest(start: .now, credit: 2))
        _ = session.received(Self.bytes((1, .status), (2, watch)))
        let actions = session.drain(reason: "stopping")
        #expect(
            actions == [.setReading(false), .send(Self.bytes(2, .watchEnded(.stopping)))])
        #expect(session.received(Self.bytes((3, .status))).isEmpty)
        let last = session.answered(RequestID(1), .done(.zero))
        #expect(last == [.send(Self.bytes(1, .done(.zero))), .close(reason: "stopping")])
        #expect(session.drain(reason: "again").isEmpty)
    }

    @Test func `draining without work closes at once`() {
        var session = Self.open()
        #expect(session.drain(reason: "bye").last == .close(reason: "bye"))
        var early = ClientSession(identity: Self.identity)
        #expect(early.drain(reason: "bye") == [.close(reason: "bye")])
    }

    @Test(arguments: [1, 2, UInt64.random(in: 3...UInt64.max)])
    func `garbage never traps and always ends in a close`(seed: UInt64) {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var closed = 0
        for _ in 0..<2_000 {
            var session = Self.open()
            var stream = Self.bytes((1, .status), (2, .transfer(to: nil)), (3, .verify))
            for _ in 0..<3 {
                let place = Int.random(in: 0..<stream.count, using: &generator)
                stream[place] = UInt8.random(in: 0...255, using: &generator)
            }
            let actions = session.received(stream)
            if session.isClosed {
                closed += 1
                #expect(Self.reason(actions)?.hasPrefix("protocol violation: ") == true)
            }
        }
        #expect(closed > 0)
    }
}
