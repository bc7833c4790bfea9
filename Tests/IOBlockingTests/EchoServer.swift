import IOBlocking
import IOCore
import IOLibuv

/// A server on a thread of its own that gives back what it gets.
///
/// A connection whose first byte is 0 is closed at once.
final class EchoServer: Sendable {
    private let loop = UVLoop.start(name: "echo")
    private let listener = Locked<LoopBound<any Listener>?>(nil)
    let address: Address

    /// Listens on a port of the system's choice; fails where there is none.
    init() throws {
        let outcome = Locked<Result<Address, NetworkFailure>?>(nil)
        let waiting = try PollLoop()
        let (loop, listener) = (loop, listener)
        loop.post {
            let result = Result { () throws(NetworkFailure) in
                let listening = try UVNetwork(loop).listen(
                    on: Address(host: "127.0.0.1", port: 0)
                ) { $0.setHandler(Echo($0)) }
                listener.withLock { $0 = LoopBound(listening, to: loop) }
                return listening.address
            }
            waiting.post { outcome.withLock { $0 = result } }
        }
        waiting.run { outcome.withLock { $0 != nil } }
        guard let result = outcome.withLock({ $0 }) else {
            throw NetworkFailure("listen", Address(host: "", port: 0), reason: "no answer")
        }
        address = try result.get()
    }

    /// Ends the server and its connections.
    func stop() {
        let listener = listener
        loop.post {
            listener.withLock { bound in
                bound?.value.close()
                bound = nil
            }
        }
        loop.stop()
    }

    private final class Echo: ConnectionHandler {
        private let connection: any Connection

        init(_ connection: any Connection) {
            self.connection = connection
        }

        func received(_ bytes: [UInt8]) {
            if bytes.first == 0 {
                connection.close(flush: false)
            } else {
                connection.send(bytes)
            }
        }

        func drained() {}

        func closed(_ reason: String) {}
    }
}

/// What one connection has told.
final class Recorder: ConnectionHandler {
    var received: [UInt8] = []
    var drains = 0
    var ends: [String] = []

    func received(_ bytes: [UInt8]) {
        received += bytes
    }

    func drained() {
        drains += 1
    }

    func closed(_ reason: String) {
        ends.append(reason)
    }
}
