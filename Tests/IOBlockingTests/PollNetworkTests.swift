import IOBlocking
import IOCore
import Testing

struct PollNetworkTests {
    /// A loop with one connection to an echo server, and what it has told.
    private struct Line {
        let loop: PollLoop
        let connection: any Connection
        let recorder = Recorder()

        init(_ address: Address) throws {
            let loop = try PollLoop()
            var outcome: Result<any Connection, NetworkFailure>?
            loop.entered {
                PollNetwork(loop).connect(to: address) { outcome = $0 }
            }
            loop.run { outcome != nil }
            self.loop = loop
            connection = try #require(try outcome?.get())
            let (connection, recorder) = (connection, recorder)
            loop.entered { connection.setHandler(recorder) }
        }
    }

    @Test func `what is sent comes back, however much, and that all has left is told`() throws {
        let server = try EchoServer()
        defer { server.stop() }
        let line = try Line(server.address)
        #expect(line.connection.peer == server.address)
        // A prime's length, so that no part of the stream looks like that one block before it.
        let block = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 / 251) | 1 }
        let bytes = [UInt8](repeatElement(block, count: 144).joined())
        line.loop.entered {
            line.connection.send(bytes)
            #expect(line.connection.unsentBytes == bytes.count)
        }
        line.loop.run { line.recorder.received.count >= bytes.count }
        #expect(line.recorder.received == bytes)
        #expect(line.recorder.drains == 1)
        #expect(line.connection.unsentBytes == 0)
        #expect(line.recorder.ends == [])
    }

    @Test func `the peer's end is told once, and nothing after it`() throws {
        let server = try EchoServer()
        defer { server.stop() }
        let line = try Line(server.address)
        line.loop.entered { line.connection.send([0]) }
        line.loop.run { !line.recorder.ends.isEmpty }
        #expect(line.recorder.ends == ["the peer closed the connection"])
        line.loop.entered {
            line.connection.send([1])
            line.connection.close(flush: true)
        }
        line.loop.run { true }
        #expect(line.recorder.ends.count == 1)
    }

    @Test func `an own end is told later`() throws {
        let server = try EchoServer()
        defer { server.stop() }
        let line = try Line(server.address)
        line.loop.entered {
            line.connection.close(flush: false)
            #expect(line.recorder.ends == [])
        }
        line.loop.run { !line.recorder.ends.isEmpty }
        #expect(line.recorder.ends == ["closed by this side"])
    }

    @Test func `a connection that is not read tells nothing until it is`() throws {
        let server = try EchoServer()
        defer { server.stop() }
        let (paused, other) = (try Line(server.address), try Line(server.address))
        paused.loop.entered {
            paused.connection.send([1])
            paused.connection.setReading(false)
        }
        // The other one's echo came later than the first's was sent.
        paused.loop.run { paused.connection.unsentBytes == 0 }
        other.loop.entered { other.connection.send([2]) }
        other.loop.run { !other.recorder.received.isEmpty }
        paused.loop.run { true }
        #expect(paused.recorder.received == [])
        paused.loop.entered { paused.connection.setReading(true) }
        paused.loop.run { !paused.recorder.received.isEmpty }
        #expect(paused.recorder.received == [1])
    }

    @Test func `what came while nobody turned the loop is taken in before the timers run`() throws {
        let server = try EchoServer()
        defer { server.stop() }
        let (line, other) = (try Line(server.address), try Line(server.address))
        let seen = Locked<[Int]>([])
        line.loop.entered { line.connection.send([1]) }
        line.loop.run { line.connection.unsentBytes == 0 }
        line.loop.entered {
            let recorder = LoopBound(line.recorder, to: line.loop)
            _ = line.loop.schedule(at: line.loop.now) {
                let count = recorder.value.received.count
                seen.withLock { $0.append(count) }
            }
        }
        other.loop.entered { other.connection.send([2]) }
        other.loop.run { !other.recorder.received.isEmpty }
        #expect(line.loop.catchUp())
        #expect(seen.withLock { $0 } == [1])
    }

    @Test func `where nobody listens, the attempt fails and names the address`() throws {
        let server = try EchoServer()
        let address = server.address
        server.stop()
        let loop = try PollLoop()
        var outcome: Result<any Connection, NetworkFailure>?
        loop.entered { PollNetwork(loop).connect(to: address) { outcome = $0 } }
        loop.run { outcome != nil }
        guard case .failure(let failure)? = outcome else {
            Issue.record("connected to \(address)")
            return
        }
        #expect(failure.description == "connect to \(address): Connection refused")
    }

    @Test func `it does not listen`() throws {
        let loop = try PollLoop()
        #expect(throws: NetworkFailure.self) {
            try loop.entered {
                Result { () throws(NetworkFailure) in
                    try PollNetwork(loop).listen(on: Address(host: "127.0.0.1", port: 0)) { _ in }
                }
            }.get()
        }
    }
}
