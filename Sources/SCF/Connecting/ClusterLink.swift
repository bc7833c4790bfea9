package import Client
import Codec
import Glibc
import IOBlocking
package import IOCore
import Identifiers
package import Properties
package import Transactions
import Wire

/// The cluster over TCP, without a thread: a call turns the loop until it is answered.
///
/// Used by one thread at a time. A process that was forked from the one that connected makes a
/// connection and a session of its own, and leaves its parent's alone.
package final class ClusterLink: Cluster {
    /// How long a call may take, with all its retries over elections.
    private static let callMilliseconds: UInt64 = 30_000
    /// How long to look for any node that answers when a handle is bound.
    private static let bindMilliseconds: UInt64 = 10_000

    /// What belongs to one process.
    private final class Attachment {
        let process = getpid()
        let loop: PollLoop
        let core: LoopBound<ClientCore>

        init(_ settings: ClientCore.Settings) throws(NetworkFailure) {
            let loop = try PollLoop()
            self.loop = loop
            core = loop.entered {
                let core = ClientCore(
                    loop: loop, network: PollNetwork(loop), settings: settings,
                    coding: RecordCoding())
                return LoopBound(core, to: loop)
            }
        }
    }

    private let settings: ClientCore.Settings
    private var attachment: Attachment
    private var nextCall: UInt64 = 1

    /// Connects, and waits until any node has answered.
    ///
    /// `noServer`, at once where nobody listens at all.
    package init(_ endpoints: [Address]) throws(Failure) {
        settings = ClientCore.Settings(endpoints: endpoints, name: "libscf")
        guard Self.isAnyListening(endpoints) else { throw .noServer }
        do throws(CallFailure) {
            attachment = try Self.attach(settings)
        } catch {
            throw .noServer
        }
        do throws(CallFailure) {
            _ = try call(.repeatable(.status), milliseconds: Self.bindMilliseconds)
        } catch {
            close()
            throw .noServer
        }
    }

    /// Whether any of the endpoints takes a connection.
    private static func isAnyListening(_ endpoints: [Address]) -> Bool {
        guard let loop = try? PollLoop() else { return false }
        defer { loop.abandon() }
        var waiting = endpoints.count
        var isFound = false
        let deadline = loop.now.advanced(milliseconds: bindMilliseconds)
        loop.entered {
            let network = PollNetwork(loop)
            for endpoint in endpoints {
                network.connect(to: endpoint) { result in
                    waiting -= 1
                    if case .success = result { isFound = true }
                }
            }
            // It ends the wait; nothing else is to be done then.
            _ = loop.schedule(at: deadline) {}
        }
        loop.run { isFound || waiting == 0 || loop.now >= deadline }
        return isFound
    }

    private static func attach(
        _ settings: ClientCore.Settings
    ) throws(CallFailure) -> Attachment {
        do throws(NetworkFailure) {
            return try Attachment(settings)
        } catch {
            throw .outcomeUnknown("\(error)")
        }
    }

    package func read(_ query: PropertyQuery) throws(CallFailure) -> ReadAnswer {
        let request = ReadRequest(
            store: .properties, kind: query.kind, body: query.body, consistency: .linearizable)
        let response = try call(.repeatable(.read(request)), milliseconds: Self.callMilliseconds)
        switch response {
        case .readResult(_, let bytes): return .found(bytes)
        case .readAborted(_, let code, _): return .aborted(code)
        default: throw .protocolViolation("an answer of kind \(response.kind) to a read")
        }
    }

    package func submit(_ operation: PropertyOperation) throws(CallFailure) -> Outcome {
        let transaction = Transactions.Transaction(steps: [.operation(operation.operation)])
        let bytes = RecordCoding().encode(transaction)
        guard bytes.count <= settings.limits.transactionBytes else {
            throw .tooLarge("the transaction has \(bytes.count) bytes")
        }
        let response = try call(
            .submission(transaction: bytes, wantsChanges: false),
            milliseconds: Self.callMilliseconds)
        guard case .outcome(let outcome, _) = response else {
            throw .protocolViolation("an answer of kind \(response.kind) to a transaction")
        }
        do throws(DecodingFailure) {
            return try RecordCoding().outcome(outcome)
        } catch {
            throw .protocolViolation("outcome: \(error)")
        }
    }

    package func close() {
        guard attachment.process == getpid() else {
            attachment.loop.abandon()
            return
        }
        attachment.loop.entered { attachment.core.value.close() }
        attachment.loop.end()
    }

    private func call(
        _ work: Call.Work, milliseconds: UInt64
    ) throws(CallFailure) -> Response {
        if attachment.process != getpid() {
            attachment.loop.abandon()
            attachment = try Self.attach(settings)
        }
        let (loop, core) = (attachment.loop, attachment.core)
        let number = nextCall
        nextCall += 1
        let answer = Locked<Result<Response, CallFailure>?>(nil)
        let deadline = loop.now.advanced(milliseconds: milliseconds)
        loop.post {
            let call = Call(number: number, work: work, deadline: deadline) { result in
                answer.withLock { $0 = result }
            }
            core.value.begin(call)
        }
        loop.run { answer.withLock { $0 != nil } }
        guard let result = answer.withLock({ $0 }) else {
            preconditionFailure("call \(number) has no answer")
        }
        return try result.get()
    }
}
