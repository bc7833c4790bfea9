import IOCore
import IOLibuv
import Identifiers
import Testing

struct UVNetworkTests {
    @Test func `two ends play ping-pong`() async {
        await withLoop { loop in
            let rounds: Int? = await Pair.run(on: loop) { pair, done in
                let server = Handler()
                let client = Handler()
                var rounds = 0
                server.onReceived = { pair.server.send($0) }
                client.onReceived = { bytes in
                    rounds += 1
                    if rounds == 200 { return done(bytes == [7, 8, 9] ? rounds : 0) }
                    pair.client.send(bytes)
                }
                pair.server.setHandler(server)
                pair.client.setHandler(client)
                pair.client.send([7, 8, 9])
            }
            #expect(rounds == 200)
        }
    }

    @Test func `what one turn sends arrives in order and in few pieces`() async {
        await withLoop { loop in
            let result: [Int]? = await Pair.run(on: loop) { pair, done in
                let server = Handler()
                var bytes: [UInt8] = []
                var pieces = 0
                server.onReceived = { piece in
                    pieces += 1
                    bytes += piece
                    guard bytes.count == 30_000 else { return }
                    let isRight = bytes.indices.allSatisfy { bytes[$0] == UInt8($0 / 3 & 0xFF) }
                    done([isRight ? 1 : 0, pieces])
                }
                pair.server.setHandler(server)
                pair.client.setHandler(Handler())
                for number in 0..<10_000 {
                    pair.client.send([UInt8](repeating: UInt8(number & 0xFF), count: 3))
                }
                if pair.client.unsentBytes != 30_000 { done([0, 0]) }
            }
            #expect(result?.first == 1)
            #expect(result?.last ?? .max <= 10)
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `a slow reader holds the writer back, and everything arrives`(seed: UInt64) async {
        print("seed \(seed)")
        var tuning = UVNetwork.Tuning()
        tuning.outputBoundBytes = 1 << 20
        let total = 32 << 20
        await withLoop { [tuning] loop in
            let result: [Int]? = await Pair.run(on: loop, tuning: tuning) { pair, done in
                let transfer = SlowTransfer(pair, loop, total: total, seed: seed) { done($0) }
                transfer.start()
            }
            let most = result?[0] ?? .max
            #expect(most <= tuning.outputBoundBytes + SlowTransfer.pieceBytes)
            #expect(result?[1] ?? 0 > 1, "the writer was never held back")
            #expect(result?[2] == total)
            #expect(result?[3] == 0, "pieces that arrived are not what was sent")
        }
    }

    @Test func `reading can be stopped and resumed`() async {
        await withLoop { loop in
            let events: [String]? = await Pair.run(on: loop) { pair, done in
                let server = Handler()
                let log = Locked<[String]>([])
                server.onReceived = { _ in
                    log.withLock { $0.append("received") }
                    done(log.withLock { $0 })
                }
                pair.server.setHandler(server)
                pair.client.setHandler(Handler())
                pair.server.setReading(false)
                pair.client.send([1])
                // By this time the byte has been in the socket for several turns.
                loop.afterTurns(5, with: pair) { pair in
                    log.withLock { $0.append("resumed") }
                    pair.server.setReading(true)
                }
            }
            #expect(events == ["resumed", "received"])
        }
    }

    @Test func `a refused connection says who refused it`() async {
        await withLoop { loop in
            let text: String = await loop.wait { done in
                // No ephemeral port: another test could be given it.
                UVNetwork(loop).connect(to: Address(host: "127.0.0.1", port: 1)) { result in
                    switch result {
                    case .success: done("connected")
                    case .failure(let failure): done(failure.description)
                    }
                }
            }
            #expect(text == "connect to 127.0.0.1:1: connection refused")
        }
    }

    @Test func `a port that is taken and a host that is none are told apart`() async {
        await withLoop { loop in
            let texts: [String] = await loop.perform {
                let network = UVNetwork(loop)
                var texts: [String] = []
                do throws(NetworkFailure) {
                    let first = try network.listen(on: Address(host: "localhost", port: 0)) { _ in }
                    texts.append(first.address.port == 0 ? "no port" : "bound")
                    do throws(NetworkFailure) {
                        _ = try network.listen(on: first.address) { _ in }
                    } catch {
                        texts.append(error.reason)
                        #expect(!error.isOfConfiguration)
                    }
                    for host in ["192.0.2.7", "nowhere"] {
                        do throws(NetworkFailure) {
                            _ = try network.listen(on: Address(host: host, port: 0)) { _ in }
                        } catch {
                            texts.append(error.description)
                            #expect(error.isOfConfiguration)
                        }
                    }
                } catch {
                    texts.append(error.description)
                }
                return texts
            }
            #expect(
                texts == [
                    "bound", "address already in use; another process listens there",
                    "listen on 192.0.2.7:0: address not available; no interface of this machine has "
                        + "that address",
                    "listen on nowhere:0: the host is not an IPv4 or IPv6 address",
                ])
        }
    }

    @Test func `a name that is no literal goes through the resolver`() async {
        await withLoop { loop in
            let text: String = await loop.wait { done in
                let network = UVNetwork(loop)
                guard
                    let listener = try? network.listen(
                        on: Address(host: "127.0.0.1", port: 0), accept: { $0.close(flush: false) })
                else { return done("no listener") }
                // The resolver reads this old form of 127.0.0.1 by itself; no server is asked.
                let address = Address(host: "127.1", port: listener.address.port)
                network.connect(to: address) { result in
                    switch result {
                    case .success(let connection):
                        connection.close(flush: false)
                        done("connected")
                    case .failure(let failure): done(failure.description)
                    }
                }
            }
            #expect(text == "connected")
        }
    }

    @Test func `a loop that stops tells every handler`() async {
        let loop = UVLoop.start(name: "test-loop")
        let reasons = Locked<[String]>([])
        let ready: Bool? = await Pair.run(on: loop) { pair, done in
            for end in [pair.client, pair.server] {
                let handler = Handler()
                handler.onClosed = { reason in reasons.withLock { $0.append(reason) } }
                end.setHandler(handler)
            }
            done(true)
        }
        #expect(ready == true)
        loop.stop()
        let expected = [String](repeating: "the event loop stopped", count: 2)
        #expect(reasons.withLock { $0 } == expected)
    }

    @Test func `without descriptors a listener rests and then goes on`() async {
        await #expect(processExitsWith: .success) {
            try await DescriptorShortage.run()
        }
    }
}
