package import Codec
package import Wire

/// The server's side of one client connection: bytes in, actions out.
///
/// Knows the protocol and its bounds, and nothing of sockets or of the cluster. The owner performs
/// the actions in order, and gives answers back with `answered`. Three kinds of wrong are told apart:
/// what the client does wrong ends this connection with a typed error; what can happen in a race
/// (credit for a watch that has just ended) is dropped; what the owner does wrong traps.
///
/// | state | `received` | `answered` |
/// |---|---|---|
/// | awaiting handshake | verdict: open, or refuse and close | traps |
/// | open | requests, up to the bound, then pause | sends; resumes at half the bound |
/// | draining | ignored | sends; closes after the last one |
/// | closed | ignored | ignored |
package struct ClientSession: Sendable {
    package enum Action: Sendable, Hashable {
        /// Give these bytes to the connection.
        case send([UInt8])
        /// Carry this request out and answer it, once or (a watch) until a final answer.
        case perform(RequestID, Request)
        /// There is new credit for this watch: `credit(of:)` tells how much.
        case creditGranted(RequestID)
        /// The client wants no more of this watch: answer it with `watchEnded(.cancelled)`.
        case cancelWatch(RequestID)
        /// This watch's last answer was too large to be sent, and the client has been told so: give
        /// the watch up, without an answer.
        case watchRefused(RequestID)
        /// Stop (`false`) or resume reading from the connection.
        case setReading(Bool)
        /// Close the connection after what was sent; nothing else follows. Give up what is under way
        /// for it, but for transactions, which take their course.
        case close(reason: String)
    }

    private enum State: Sendable {
        case awaitingHandshake(HandshakeAcceptor)
        case open
        /// No new requests; closes when all are answered.
        case draining(reason: String)
        case closed
    }

    private var state: State
    private var splitter: MessageSplitter
    private let limits: Limits
    /// Requests that have not had their final answer, watches among them.
    package private(set) var outstanding = 0
    /// What requests that have not had their final answer take up, by their id.
    private var sizes: [RequestID: (count: Int, bytes: Int)] = [:]
    private var requestBytes = 0
    /// Change sets that each running watch may still be sent.
    private var watches: [RequestID: UInt64] = [:]
    /// Reading is held back until answers have gone out.
    private var isPaused = false
    private var isOutputFull = false
    private var writer = ByteWriter()

    /// A connection that has just been accepted; with `refusal`, one that is told why not.
    package init(
        identity: HandshakeAcceptor.Identity, limits: Limits = .standard,
        refusal: HandshakeRefusal? = nil
    ) {
        self.limits = limits
        state = .awaitingHandshake(
            HandshakeAcceptor(identity: identity, role: .client, standingRefusal: refusal))
        splitter = MessageSplitter(limitBytes: limits.clientRequestBytes)
    }

    package var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    package var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    /// Whether the handshake is still to come; the owner closes after a time of its choice.
    package var awaitsHandshake: Bool {
        if case .awaitingHandshake = state { true } else { false }
    }

    /// Bytes that the client has sent and that are kept for it: requests without their final answer,
    /// and what has yet to become one.
    package var heldBytes: Int {
        isClosed ? 0 : requestBytes + splitter.pendingBytes
    }

    /// Change sets that the watch may be sent now; 0 for one that has ended.
    package func credit(of watch: RequestID) -> Int {
        Int(clamping: watches[watch] ?? 0)
    }

    /// Takes what was read from the connection.
    package mutating func received(_ bytes: [UInt8]) -> [Action] {
        switch state {
        case .awaitingHandshake(var acceptor):
            return shake(&acceptor, bytes)
        case .open:
            splitter.append(bytes)
            return proceed()
        case .draining, .closed:
            return []
        }
    }

    /// Takes one answer of the owner's.
    package mutating func answered(_ identifier: RequestID, _ response: Response) -> [Action] {
        var actions: [Action] = []
        if encode(identifier, response) {
            actions.append(.send(writer.take()))
            noteRefusal(of: identifier, response, &actions)
        }
        settle(&actions)
        return actions
    }

    /// Takes several answers and sends them in one piece.
    package mutating func answered(_ answers: [(RequestID, Response)]) -> [Action] {
        var actions: [Action] = []
        for (identifier, response) in answers where encode(identifier, response) {
            noteRefusal(of: identifier, response, &actions)
        }
        if writer.count > 0 { actions.append(.send(writer.take())) }
        settle(&actions)
        return actions
    }

    /// Too much waits to be written (`Limits.connectionOutputBytes`): no more requests for now.
    package mutating func outputFilled() -> [Action] {
        guard isOpen, !isOutputFull else { return [] }
        isOutputFull = true
        return pause()
    }

    /// What waited to be written has left.
    package mutating func outputDrained() -> [Action] {
        guard isOutputFull else { return [] }
        isOutputFull = false
        var actions: [Action] = []
        settle(&actions)
        return actions
    }

    /// Ends the session in good order: takes no more requests, ends watches, closes after the last
    /// answer.
    package mutating func drain(reason: String) -> [Action] {
        switch state {
        case .closed, .draining:
            return []
        case .awaitingHandshake:
            state = .closed
            return [.close(reason: reason)]
        case .open:
            state = .draining(reason: reason)
            var actions: [Action] = isPaused ? [] : [.setReading(false)]
            for watch in watches.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
                _ = encode(watch, .watchEnded(.stopping))
            }
            if writer.count > 0 { actions.append(.send(writer.take())) }
            settle(&actions)
            return actions
        }
    }

    /// The connection is gone; what is answered from now on is dropped.
    package mutating func connectionClosed() {
        state = .closed
    }
}

// MARK: - Input

extension ClientSession {
    private mutating func shake(_ acceptor: inout HandshakeAcceptor, _ bytes: [UInt8]) -> [Action] {
        switch acceptor.received(bytes) {
        case .needsMore:
            state = .awaitingHandshake(acceptor)
            return []
        case .refused(let refusal, let reply):
            state = .closed
            let farewell: [Action] = reply.isEmpty ? [] : [.send(reply)]
            return farewell + [.close(reason: "\(refusal)")]
        case .accepted(_, _, let reply, let rest):
            state = .open
            if !rest.isEmpty { splitter.append(rest) }
            return [.send(reply)] + proceed()
        }
    }

    /// Takes requests out of what was read, until there is no whole one or the bound is reached.
    private mutating func proceed() -> [Action] {
        var actions: [Action] = []
        while isOpen {
            if outstanding >= limits.requestsPerConnection || isOutputFull {
                actions += pause()
                break
            }
            var identifier = RequestID(0)
            do throws(DecodingFailure) {
                guard var message = try splitter.next() else { break }
                let size = message.body.remaining
                identifier = RequestID(try message.body.readUInt32())
                let request = try Request.decode(
                    kind: message.kind, &message.body, limits: limits)
                try accept(identifier, request, size, &actions)
            } catch {
                actions += violate(identifier, "\(error)")
            }
        }
        return actions
    }

    private mutating func accept(
        _ identifier: RequestID, _ request: Request, _ size: Int, _ actions: inout [Action]
    ) throws(DecodingFailure) {
        switch request {
        case .watchCredit(let more):
            guard let credit = watches[identifier] else { return }
            watches[identifier] = min(credit + UInt64(more), UInt64(UInt32.max))
            actions.append(.creditGranted(identifier))
        case .watchCancel:
            guard watches[identifier] != nil else { return }
            actions.append(.cancelWatch(identifier))
        case .watch(let watch):
            guard watches[identifier] == nil else {
                throw .malformed(at: 0, what: "request id \(identifier) is a running watch's")
            }
            guard sizes[identifier] == nil else {
                throw .malformed(at: 0, what: "request id \(identifier) is in use")
            }
            watches[identifier] = UInt64(watch.credit)
            begin(identifier, size)
            actions.append(.perform(identifier, request))
        case .openSession, .submit, .keepAlive, .closeSession, .read, .status, .stateDigest,
            .memberAdd, .memberRemove, .memberPromote, .transfer, .snapshot, .verify, .logFrames:
            guard watches[identifier] == nil else {
                throw .malformed(at: 0, what: "request id \(identifier) is a running watch's")
            }
            begin(identifier, size)
            actions.append(.perform(identifier, request))
        }
    }

    private mutating func begin(_ identifier: RequestID, _ size: Int) {
        outstanding += 1
        requestBytes += size
        let before = sizes[identifier] ?? (0, 0)
        sizes[identifier] = (before.count + 1, before.bytes + size)
    }

    /// The client broke the protocol: says so, and closes.
    private mutating func violate(_ identifier: RequestID, _ text: String) -> [Action] {
        state = .closed
        Response.error(.protocolViolation(text)).encode(identifier, into: &writer)
        return [.send(writer.take()), .close(reason: "protocol violation: \(text)")]
    }
}

// MARK: - Output

extension ClientSession {
    /// Encodes one answer behind what waits in the writer; false where nobody waits for it.
    private mutating func encode(_ identifier: RequestID, _ response: Response) -> Bool {
        switch state {
        case .awaitingHandshake:
            preconditionFailure("answer \(identifier) before the handshake")
        case .closed:
            return false
        case .open, .draining:
            break
        }
        guard count(identifier, response) else { return false }
        // Room for the usual answer at once, rather than byte by byte.
        if writer.count == 0 { writer = ByteWriter(capacity: 64) }
        let start = writer.count
        response.encode(identifier, into: &writer)
        let length = writer.count - start - 4
        if length > limits.clientAnswerBytes {
            var kept = writer.take()
            kept.removeSubrange(start...)
            writer = ByteWriter(continuing: kept)
            let error = RequestError.tooLarge(
                what: response.isFinal ? "the answer" : "the next change set", size: UInt64(length),
                limit: UInt64(limits.clientAnswerBytes))
            if !response.isFinal { end(identifier) }
            Response.error(error).encode(identifier, into: &writer)
        }
        return true
    }

    /// Tells the owner of a watch that went under with an answer of its own.
    private func noteRefusal(
        of identifier: RequestID, _ response: Response, _ actions: inout [Action]
    ) {
        guard !response.isFinal, watches[identifier] == nil else { return }
        actions.append(.watchRefused(identifier))
    }

    /// Keeps the books of requests and credit; false for a watch that has ended already.
    private mutating func count(_ identifier: RequestID, _ response: Response) -> Bool {
        switch response {
        case .watchStarted:
            return watches[identifier] != nil
        case .changeSets(_, let sets):
            guard let credit = watches[identifier] else { return false }
            precondition(
                UInt64(sets.count) <= credit,
                "\(sets.count) change sets with a credit of \(credit)")
            watches[identifier] = credit - UInt64(sets.count)
            return true
        case .watchEnded:
            guard watches[identifier] != nil else { return false }
            end(identifier)
            return true
        case .sessionOpened, .outcome, .done, .readResult, .readAborted, .status, .digest,
            .snapshotTaken, .verified, .logFrames, .error:
            end(identifier)
            return true
        }
    }

    private mutating func end(_ identifier: RequestID) {
        precondition(outstanding > 0, "answer \(identifier) without a request")
        outstanding -= 1
        if !watches.isEmpty { watches[identifier] = nil }
        // A client that gives an id twice has both counted until both are answered.
        guard let size = sizes[identifier] else { return }
        if size.count > 1 {
            sizes[identifier] = (size.count - 1, size.bytes)
        } else {
            requestBytes -= size.bytes
            sizes[identifier] = nil
        }
    }

    /// Goes on with what was held back, or closes, now that answers have gone out.
    private mutating func settle(_ actions: inout [Action]) {
        switch state {
        case .draining(let reason):
            guard outstanding == 0 else { return }
            state = .closed
            actions.append(.close(reason: reason))
        case .open:
            guard isPaused, !isOutputFull, outstanding <= limits.requestsPerConnection / 2 else {
                return
            }
            isPaused = false
            let more = proceed()
            if !isPaused, isOpen { actions.append(.setReading(true)) }
            actions += more.filter { !isPaused || $0 != .setReading(false) }
        case .awaitingHandshake, .closed:
            break
        }
    }

    private mutating func pause() -> [Action] {
        guard !isPaused else { return [] }
        isPaused = true
        return [.setReading(false)]
    }
}
