import Glibc
import IOCore
import IOLibuv
import Identifiers
import Testing

struct UVConnectionTests {
    @Test func `closing with flush sends everything first, even over unread input`() async {
        await withLoop { loop in
            let result: [String]? = await Pair.run(on: loop) { pair, done in
                let client = Handler()
                let server = Handler()
                var received = 0
                var log: [String] = []
                let finish = {
                    if log.count == 2 { done(["\(received)"] + log.sorted()) }
                }
                client.onReceived = { received += $0.count }
                client.onClosed = {
                    log.append("client: \($0)")
                    finish()
                }
                server.onClosed = {
                    log.append("server: \($0)")
                    finish()
                }
                pair.client.setHandler(client)
                pair.server.setHandler(server)
                // Input that the server never gets to see must not reset the connection.
                pair.client.send([UInt8](repeating: 1, count: 1 << 20))
                pair.server.send([UInt8](repeating: 2, count: 8 << 20))
                pair.server.close(flush: true)
                pair.server.send([3])
            }
            #expect(
                result == [
                    "\(8 << 20)", "client: the peer closed the connection",
                    "server: closed by this side",
                ])
        }
    }

    @Test func `a peer that goes on sending reads all that was said before the close`() async {
        await withLoop { loop in
            let result: [String]? = await Pair.run(on: loop) { pair, done in
                let client = Handler()
                let server = Handler()
                var received = 0
                client.onReceived = {
                    received += $0.count
                    // The server has closed, and what comes now is nobody's.
                    pair.client.send([UInt8](repeating: 1, count: 64 << 10))
                }
                client.onClosed = { done(["\(received)", $0]) }
                server.onReceived = { _ in
                    pair.server.send([UInt8](repeating: 2, count: 4 << 20))
                    pair.server.close(flush: true)
                }
                pair.client.setHandler(client)
                pair.server.setHandler(server)
                pair.client.send([0])
            }
            #expect(result == ["\(4 << 20)", "the peer closed the connection"])
        }
    }

    @Test func `closing without flush tells the handler later and drops what waits`() async {
        await withLoop { loop in
            let log: [String]? = await Pair.run(on: loop) { pair, done in
                let handler = Handler()
                var log: [String] = []
                handler.onClosed = { reason in
                    log.append("closed: \(reason)")
                    done(log)
                }
                pair.client.setHandler(handler)
                pair.server.setHandler(Handler())
                pair.client.send([1, 2, 3])
                pair.client.close(flush: false)
                pair.client.close(flush: false)
                log.append("unsent: \(pair.client.unsentBytes)")
            }
            #expect(log == ["unsent: 0", "closed: closed by this side"])
        }
    }

    @Test func `a connection that is reset says so`() async {
        await withLoop { loop in
            let reason: String? = await Pair.run(on: loop) { pair, done in
                let handler = Handler()
                handler.onClosed = { done($0) }
                pair.client.setHandler(handler)
                pair.client.send([UInt8](repeating: 0, count: 100_000))
                // It has arrived there by the end of this turn, and is not read: the system resets.
                loop.afterTurns(3, with: pair) { $0.server.close(flush: false) }
            }
            #expect(reason == "read: connection reset by peer")
        }
    }

    @Test func `a peer that has ended its own direction still gets the answer`() async {
        await withLoop { loop in
            let port: UInt16 = await loop.perform {
                let network = UVNetwork(loop)
                let listener = try? network.listen(on: Address(host: "127.0.0.1", port: 0)) {
                    connection in
                    let handler = Handler()
                    handler.onReceived = { connection.send($0.reversed()) }
                    connection.setHandler(handler)
                }
                return listener?.address.port ?? 0
            }
            let answer = Locked<[UInt8]>([])
            let peer = JoinableThread(name: "peer") {
                let bytes = HalfClosingPeer.exchange([1, 2, 3], port: port)
                answer.withLock { $0 = bytes }
            }
            peer.join()
            #expect(answer.withLock { $0 } == [3, 2, 1])
        }
    }

    @Test func `a peer that never reads cannot hold a closing connection for ever`() async {
        var tuning = UVNetwork.Tuning()
        tuning.flushMilliseconds = 30
        await withLoop { [tuning] loop in
            let reason: String? = await Pair.run(on: loop, tuning: tuning) { pair, done in
                let handler = Handler()
                handler.onClosed = { done($0) }
                pair.client.setHandler(handler)
                pair.client.send([UInt8](repeating: 0, count: 64 << 20))
                pair.client.close(flush: true)
            }
            #expect(reason?.hasPrefix("closed by this side; ") == true)
            #expect(reason?.hasSuffix(" bytes could not be sent") == true)
        }
    }

    @Test func `a connection that waits for its peer's end is not told as closed before`() async {
        var tuning = UVNetwork.Tuning()
        tuning.lingerMilliseconds = 60_000
        await withLoop { [tuning] loop in
            let log: [String]? = await Pair.run(on: loop, tuning: tuning) { pair, done in
                let server = Handler()
                let log = Locked<[String]>([])
                server.onClosed = { reason in
                    done(log.withLock { $0 } + ["closed: \(reason)"])
                }
                pair.server.setHandler(server)
                pair.server.close(flush: true)
                // All has left by then, and the client has not read that it ends.
                loop.afterTurns(3, with: pair) { pair in
                    log.withLock { $0.append("the peer ends") }
                    pair.client.close(flush: false)
                }
            }
            #expect(log == ["the peer ends", "closed: closed by this side"])
        }
    }

    @Test func `a connection that nobody wanted can be closed without a handler`() async {
        await withLoop { loop in
            let reasons: [String]? = await Pair.run(on: loop) { pair, done in
                let client = Handler()
                client.onClosed = { first in
                    let late = Handler()
                    late.onClosed = { done([first, $0]) }
                    pair.server.setHandler(late)
                }
                pair.client.setHandler(client)
                pair.server.close(flush: false)
            }
            #expect(
                reasons == [
                    "the peer closed the connection", "the connection was closed before",
                ])
        }
    }

    @Test func `a handler may close from inside what it hears`() async {
        await withLoop { loop in
            let log: [String]? = await Pair.run(on: loop) { pair, done in
                let server = Handler()
                var log: [String] = []
                server.onReceived = { _ in
                    pair.server.close(flush: false)
                    log.append("received")
                }
                server.onClosed = { reason in
                    log.append(reason)
                    done(log)
                }
                pair.server.setHandler(server)
                pair.client.setHandler(Handler())
                pair.client.send([UInt8](repeating: 0, count: 4 << 20))
            }
            #expect(log == ["received", "closed by this side"])
        }
    }

    @Test func `drained comes once, after the bound was passed`() async {
        var tuning = UVNetwork.Tuning()
        tuning.outputBoundBytes = 1_000
        await withLoop { [tuning] loop in
            let log: [String]? = await Pair.run(on: loop, tuning: tuning) { pair, done in
                let client = Handler()
                var log: [String] = []
                client.onDrained = {
                    log.append("drained at \(pair.client.unsentBytes)")
                    // At the bound, not over it: not worth a call.
                    pair.client.send([UInt8](repeating: 0, count: 1_000))
                    pair.client.close(flush: true)
                }
                client.onClosed = { _ in done(log) }
                pair.client.setHandler(client)
                pair.server.setHandler(Handler())
                pair.client.send([UInt8](repeating: 0, count: 1_001))
                log.append("sent")
            }
            #expect(log == ["sent", "drained at 0"])
        }
    }
}

struct UVSilenceTests {
    @Test(.timeLimit(.minutes(1)))
    func `a connection whose peer takes nothing for too long ends`() async {
        await withLoop { loop in
            let reason: String? = await Pair.run(on: loop) { pair, done in
                let client = Handler()
                client.onClosed = { done($0) }
                pair.client.endWhenSilent(milliseconds: 300)
                pair.client.setHandler(client)
                // Without a handler the server does not read, though its system answers.
                pair.client.send([UInt8](repeating: 1, count: 16 << 20))
                // For the test alone: the pair must outlive this.
                client.onReceived = { _ in _ = pair }
            }
            #expect(reason?.hasSuffix(": connection timed out") == true, "\(reason ?? "none")")
        }
    }
}

/// A peer with a plain blocking socket, which closes one direction before it reads.
private enum HalfClosingPeer {
    static func exchange(_ bytes: [UInt8], port: UInt16) -> [UInt8] {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { _ = close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = unsafe withUnsafeBytes(of: &address) { bytes in
            unsafe connect(
                descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress,
                socklen_t(bytes.count))
        }
        guard connected == 0 else { return [] }
        _ = unsafe bytes.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, 0) }
        _ = shutdown(descriptor, Int32(SHUT_WR))
        var answer = [UInt8](repeating: 0, count: 64)
        let count = unsafe answer.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_WAITALL))
        }
        return Array(answer.prefix(max(0, count)))
    }
}
