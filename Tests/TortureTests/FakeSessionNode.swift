import Codec
import Glibc
import IOCore
import Identifiers
import Lockstep
import Transactions
import Wire

/// A node on a real socket that knows sessions and nothing else, in one thread.
final class FakeSessionNode: Sendable {
    /// What it does with a number that it has seen.
    enum Manner: Sendable {
        /// The outcome that it has kept.
        case remembers
        /// Does it once more.
        case forgets
    }

    private struct State {
        var isStopping = false
        var log: UInt64 = 0
        var sessions: UInt64 = 0
        var outcomes: [Origin: [UInt8]] = [:]
        /// Of each transaction, the number in its note and the index at which it was done.
        var effects: [(value: Int64, index: UInt64)] = []
    }

    private struct Served {
        let descriptor: Int32
        var acceptor: HandshakeAcceptor
        var splitter: MessageSplitter?
    }

    let endpoint: Endpoint
    private let listener: Int32
    private let manner: Manner
    private let noteName: String
    private let state = Locked(State())
    private let thread = Locked<JoinableThread?>(nil)

    /// Listens on a free port of an address in digits; nil where the machine does not have that.
    init?(_ host: String, _ manner: Manner, noteName: String) {
        self.manner = manner
        self.noteName = noteName
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_NUMERICHOST
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, "0", &hints, &list) == 0, let first = unsafe list
        else { return nil }
        defer { unsafe freeaddrinfo(first) }
        let listener = unsafe socket(first.pointee.ai_family, first.pointee.ai_socktype, 0)
        var place = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let bound = unsafe bind(listener, first.pointee.ai_addr, first.pointee.ai_addrlen)
        let named = unsafe withUnsafeMutablePointer(to: &place) { place in
            unsafe place.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
                unsafe getsockname(listener, place, &size)
            }
        }
        guard bound == 0, named == 0, listen(listener, 16) == 0 else {
            close(listener)
            return nil
        }
        // The port stands at the same place for both families.
        let port = unsafe withUnsafeBytes(of: &place) { bytes in
            unsafe UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        }
        endpoint = Endpoint(host: host, port: port)
        self.listener = listener
        let thread = JoinableThread(name: "fake node") { self.work() }
        self.thread.withLock { $0 = thread }
    }

    /// Ends it; what was done, in order.
    func stop() -> [(value: Int64, index: UInt64)] {
        guard let thread = thread.withLock({ $0.take() }) else { return [] }
        state.withLock { $0.isStopping = true }
        thread.join()
        close(listener)
        return state.withLock(\.effects)
    }

    private func work() {
        var served: [Served] = []
        while !state.withLock(\.isStopping) {
            var polls = ([listener] + served.map(\.descriptor)).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            guard unsafe poll(&polls, nfds_t(polls.count), 20) > 0 else { continue }
            for place in served.indices.reversed() where polls[place + 1].revents != 0 {
                if !read(&served[place]) {
                    close(served[place].descriptor)
                    served.remove(at: place)
                }
            }
            if polls[0].revents != 0 {
                let descriptor = accept(listener, nil, nil)
                let identity = HandshakeAcceptor.Identity(
                    cluster: nil, node: nil, incarnation: nil)
                served.append(
                    Served(
                        descriptor: descriptor,
                        acceptor: HandshakeAcceptor(identity: identity, role: .client)))
            }
        }
        for each in served { close(each.descriptor) }
    }

    /// Reads and answers; false at the end.
    private func read(_ served: inout Served) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe recv(served.descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return false }
        var rest = Array(bytes[..<count])
        if served.splitter == nil {
            switch served.acceptor.received(rest) {
            case .needsMore: return true
            case .refused: return false
            case .accepted(_, _, let reply, let more):
                send(reply, to: served.descriptor)
                served.splitter = MessageSplitter(limitBytes: Limits.standard.frameBytes)
                rest = more
            }
        }
        served.splitter?.append(rest)
        do {
            while var message = try served.splitter?.next() {
                let number = RequestID(try message.body.readUInt32())
                let request = try Request.decode(
                    kind: message.kind, &message.body, limits: .standard)
                var writer = ByteWriter()
                answer(request).encode(number, into: &writer)
                send(writer.take(), to: served.descriptor)
            }
            return true
        } catch {
            return false
        }
    }

    private func send(_ bytes: [UInt8], to descriptor: Int32) {
        _ = unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    private func answer(_ request: Request) -> Response {
        switch request {
        case .openSession:
            return state.withLock { state in
                state.sessions += 1
                return .sessionOpened(SessionID(state.sessions))
            }
        case .submit(let submission): return .outcome(outcome(of: submission), changes: nil)
        default:
            return .error(
                .unavailable(reason: "it knows nothing but sessions", retryAfterMilliseconds: 1))
        }
    }

    private func outcome(of submission: Submission) -> [UInt8] {
        var reader = ByteReader(submission.transaction)
        let transaction = try? Transactions.Transaction.decode(&reader, limits: .standard)
        let note = transaction?.properties.first { $0.name == noteName }?.value ?? []
        let value = Int64(String(decoding: note, as: UTF8.self)) ?? -1
        return state.withLock { state in
            if manner == .remembers, let kept = state.outcomes[submission.origin] { return kept }
            state.log += 1
            var writer = ByteWriter()
            Outcome.committed(index: LogIndex(state.log), results: []).encode(into: &writer)
            let bytes = writer.take()
            state.outcomes[submission.origin] = bytes
            state.effects.append((value, state.log))
            return bytes
        }
    }
}
