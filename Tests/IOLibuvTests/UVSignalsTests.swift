import Glibc
import IOCore
import IOLibuv
import Identifiers
import Testing

struct UVSignalsTests {
    @Test func `signals to end arrive as calls on the loop`() async {
        await #expect(processExitsWith: .success) {
            let loop = UVLoop.start(name: "test-loop")
            let heard: [UVSignals.Signal] = await loop.wait { done in
                var heard: [UVSignals.Signal] = []
                _ = UVSignals(on: loop) { signal in
                    heard.append(signal)
                    if heard.count == 1 { return raise(SIGINT, on: loop) }
                    done(heard)
                }
                raise(SIGTERM, on: loop)
            }
            loop.stop()
            precondition(heard == [.terminate, .interrupt], "heard \(heard)")
        }
    }
}

/// Sends a signal to this process.
private func raise(_ signal: Int32, on loop: UVLoop) {
    precondition(loop.isCurrent, "the signal is raised elsewhere")
    _ = kill(getpid(), signal)
}
