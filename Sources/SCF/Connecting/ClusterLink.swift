package import Client
import Codec
import Glibc
import IOBlocking
package import IOCore
package import Identifiers
package import Properties
package import Transactions
import Wire

/// The cluster over TCP, without a thread: a call turns the loop until it is answered.
///
/// Used by one thread at a time. A process that was forked from the one that connected makes a
/// connection and a session of its own, and leaves its parent's alone.
package final class ClusterLink: Cluster {
    /// How long it may take where the last one was not answered in its time.
    ///
    /// A program whose cluster is gone must not wait for each call as for an election.
    private static let brokenMilliseconds: UInt64 = 1_000
    /// When a call that is not answered looks whether any node is there at all.
    ///
    /// In an election every node that runs takes connections.
    package static let lookMilliseconds: UInt64 = 5_000
    /// How long a connection and its session may rest; nothing keeps them alive meanwhile.
    private static let restMilliseconds: UInt64 = 30_000
    /// How long to look for any node that answers when a handle is bound.
    private static let bindMilliseconds: UInt64 = 10_000

    /// How long the preferred node may take, and for how long one that took longer is not asked.
    private static let nearMilliseconds: UInt64 = 250
    private static let nearRestMilliseconds: UInt64 = 5_000

    private let settings: ClientCore.Settings
    /// That of the node which answered when this was made.
    package private(set) var identity: ClusterID?
    /// How long a call may take, with all its retries over elections.
    private let callMilliseconds: UInt64
    private let lookMilliseconds: UInt64
    /// Nil where there is none that can be used.
    private var attachment: Attachment?
    private var nextCall: UInt64 = 1
    /// The last call was not answered.
    private var isBroken = false
    /// The node that is asked first, and from when on.
    private var near: (node: Address, since: MonotonicTime)?
    /// Questions that the preferred node has answered.
    package private(set) var nearAnswers: UInt64 = 0
    /// Questions that it was asked and has refused, or not answered in time.
    package private(set) var nearLapses: UInt64 = 0
    /// When the last call ended.
    private var lastUse = MonotonicTime.zero

    /// Connects, and waits until any node has answered.
    ///
    /// `noServer`, at once where nobody listens at all; `noResources` where this process has no descriptor.
    package init(
        _ endpoints: [Address], callMilliseconds: UInt64 = CallTime.standardMilliseconds,
        lookMilliseconds: UInt64 = lookMilliseconds
    ) throws(Failure) {
        self.callMilliseconds = callMilliseconds
        self.lookMilliseconds = lookMilliseconds
        settings = ClientCore.Settings(endpoints: endpoints, name: "libscf")
        guard Self.isAnyListening(endpoints, milliseconds: Self.bindMilliseconds) else {
            throw .noServer
        }
        do throws(CallFailure) {
            let response = try answer(
                to: .repeatable(.status),
                milliseconds: min(callMilliseconds, Self.bindMilliseconds))
            if case .status(let status) = response { identity = status.cluster }
        } catch {
            close()
            if case .unavailable = error { throw .noResources }
            throw .noServer
        }
    }

    /// Whether any of the endpoints takes a connection in that time, or nobody can tell.
    ///
    /// Where this process lacks descriptors, that says nothing of the nodes.
    private static func isAnyListening(_ endpoints: [Address], milliseconds: UInt64) -> Bool {
        guard let loop = try? PollLoop() else { return true }
        defer { loop.abandon() }
        var waiting = endpoints.count
        var isFound = false
        let deadline = loop.now.advanced(milliseconds: milliseconds)
        loop.entered {
            let network = PollNetwork(loop)
            for endpoint in endpoints {
                network.connect(to: endpoint) { result in
                    waiting -= 1
                    switch result {
                    case .success: isFound = true
                    case .failure(let failure): isFound = isFound || failure.isLackOfDescriptors
                    }
                }
            }
            // It ends the wait; nothing else is to be done then.
            _ = loop.schedule(at: deadline) {}
        }
        loop.run { isFound || waiting == 0 || loop.now >= deadline }
        return isFound
    }

    package func prefer(_ node: Address) {
        near = (node, .zero)
    }

    package func read(_ query: PropertyQuery) throws(CallFailure) -> ReadAnswer {
        let request = ReadRequest(
            store: .properties, kind: query.kind, body: query.body, consistency: .linearizable)
        let response: Response
        if let near = nearAnswer(to: .read(request)) {
            response = near
        } else {
            response = try answer(to: .repeatable(.read(request)))
        }
        switch response {
        case .readResult(let applied, let bytes): return .found(applied: applied, bytes)
        case .readAborted(let applied, let code, _): return .aborted(applied: applied, code)
        default: throw .protocolViolation("an answer of kind \(response.kind) to a read")
        }
    }

    package func submit(_ operation: PropertyOperation) throws(CallFailure) -> Outcome {
        let transaction = Transactions.Transaction(steps: [.operation(operation.operation)])
        let bytes = RecordCoding().encode(transaction)
        guard bytes.count <= settings.limits.transactionBytes else {
            throw .tooLarge("the transaction has \(bytes.count) bytes")
        }
        // Once it is sent, nobody can tell what becomes of it but its answer; a question that nobody
        // answers leaves it undone.
        if isBroken {
            _ = try answer(
                to: .repeatable(.status),
                milliseconds: min(callMilliseconds, Self.brokenMilliseconds))
        }
        let response = try answer(to: .submission(transaction: bytes, wantsChanges: false))
        guard case .outcome(let outcome, _) = response else {
            throw .protocolViolation("an answer of kind \(response.kind) to a transaction")
        }
        do throws(DecodingFailure) {
            return try RecordCoding().outcome(outcome)
        } catch {
            throw .protocolViolation("outcome: \(error)")
        }
    }

    package func watch(
        _ keyPrefixes: [String], from start: LogIndex
    ) throws(CallFailure) -> any ClusterWatch {
        LinkWatch(settings, keyPrefixes, from: start, openingMilliseconds: callMilliseconds)
    }

    package func close() {
        attachment?.letGo()
        attachment = nil
    }

    /// A connection that can be used: the one there is, or else another.
    ///
    /// One that has rested is given up: what was sent on it might be of a session that is over.
    private func ready() throws(CallFailure) -> Attachment {
        if let attachment, attachment.loop.now.milliseconds(since: lastUse) < Self.restMilliseconds,
            attachment.catchUp()
        {
            return attachment
        }
        close()
        let fresh = try Attachment(settings)
        attachment = fresh
        return fresh
    }

    /// What the preferred node answers; nil where there is none, or it does not answer in time, or this
    /// process cannot ask now.
    ///
    /// A follower answers a linearizable read when it has applied what the leader had committed.
    private func nearAnswer(to request: Request) -> Response? {
        guard let near, !isBroken, near.since <= PollLoop.now, let attachment = try? ready() else {
            return nil
        }
        let (loop, core) = (attachment.loop, attachment.core)
        let number = nextCall
        nextCall += 1
        let answer = Locked<Result<Response, CallFailure>?>(nil)
        let deadline = loop.now.advanced(milliseconds: Self.nearMilliseconds)
        loop.entered {
            core.value.begin(
                Call(number: number, work: .repeatable(request), deadline: deadline) { result in
                    answer.withLock { $0 = result }
                }, at: near.node)
        }
        loop.run { answer.withLock { $0 != nil } }
        lastUse = loop.now
        let told = answer.withLock { $0 }
        if case .success(let response)? = told {
            nearAnswers += 1
            return response
        }
        nearLapses += 1
        self.near?.since = loop.now.advanced(milliseconds: Self.nearRestMilliseconds)
        if case .failure(.timedOut)? = told {
            // The leader may have been sought over the same node.
            loop.entered { core.value.avoid(near.node) }
        }
        return nil
    }

    private func answer(to work: Call.Work) throws(CallFailure) -> Response {
        try answer(to: work, milliseconds: callMilliseconds)
    }

    /// Calls, and again within that time where it surely did not happen.
    private func answer(
        to work: Call.Work, milliseconds: UInt64
    ) throws(CallFailure) -> Response {
        let isQuestion = if case .repeatable = work { true } else { false }
        var attempts = Attempts(until: PollLoop.now.advanced(milliseconds: milliseconds))
        while true {
            let failure: CallFailure
            do throws(CallFailure) {
                return try call(work, until: attempts.deadline)
            } catch {
                failure = error
            }
            let now = PollLoop.now
            guard let pause = attempts.pause(after: failure, isQuestion: isQuestion, at: now)
            else { throw failure }
            rest(milliseconds: pause)
        }
    }

    /// Waits, and takes in what comes on the connection, if there is one.
    private func rest(milliseconds: UInt64) {
        guard let loop = try? ready().loop else {
            PollLoop.rest(milliseconds: milliseconds)
            return
        }
        let end = loop.now.advanced(milliseconds: milliseconds)
        loop.entered { _ = loop.schedule(at: end) {} }
        if !loop.run(until: { loop.now >= end }) {
            // The system does not let it wait for descriptors; it lets the process rest all the same.
            PollLoop.rest(milliseconds: end.milliseconds(since: min(loop.now, end)))
        }
        lastUse = loop.now
    }

    private func call(
        _ work: Call.Work, until limit: MonotonicTime
    ) throws(CallFailure) -> Response {
        let attachment = try ready()
        let (loop, core) = (attachment.loop, attachment.core)
        let number = nextCall
        nextCall += 1
        let answer = Locked<Result<Response, CallFailure>?>(nil)
        let soon = loop.now.advanced(milliseconds: Self.brokenMilliseconds)
        let deadline = isBroken ? min(limit, soon) : limit
        let look = loop.now.advanced(milliseconds: lookMilliseconds)
        let call = Call(number: number, work: work, deadline: deadline) { result in
            answer.withLock { $0 = result }
        }
        loop.entered {
            core.value.begin(call)
            // It ends the first wait; nothing else is to be done then.
            _ = loop.schedule(at: look) {}
        }
        loop.run { answer.withLock { $0 != nil } || loop.now >= look }
        if answer.withLock({ $0 == nil }), loop.now >= look,
            !Self.isAnyListening(settings.endpoints, milliseconds: Self.bindMilliseconds)
        {
            let maybe = call.mayHaveExecuted
            close()
            throw nobodyThere(mayHaveExecuted: maybe)
        }
        loop.run { answer.withLock { $0 != nil } }
        lastUse = loop.now
        guard let result = answer.withLock({ $0 }) else {
            // Nothing can be waited for with this one: the next call makes another.
            loop.abandon()
            self.attachment = nil
            let text = "the system does not let this process wait"
            throw call.mayHaveExecuted ? .outcomeUnknown(text) : .unavailable(text)
        }
        if case .failure(.timedOut(_, let maybe)) = result {
            isBroken = true
            if !maybe,
                !Self.isAnyListening(
                    settings.endpoints, milliseconds: Self.brokenMilliseconds)
            {
                throw nobodyThere(mayHaveExecuted: false)
            }
        } else {
            isBroken = false
        }
        return try result.get()
    }

    /// The failure of a call where no node takes connections.
    private func nobodyThere(mayHaveExecuted: Bool) -> CallFailure {
        isBroken = true
        let text = "no node takes connections"
        return mayHaveExecuted
            ? .timedOut(lastFailure: text, mayHaveExecuted: true)
            : .unreachable(settings.endpoints[0], text)
    }
}
