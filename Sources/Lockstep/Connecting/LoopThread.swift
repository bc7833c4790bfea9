import Client
import Dispatch
package import IOCore
import IOLibuv

/// The runtime of every real client: one loop on one thread of its own.
package final class LoopThread: ClientRuntime {
    private let uvLoop: UVLoop

    package init(name: String) {
        uvLoop = UVLoop.start(name: name)
    }

    package var loop: any EventLoop {
        uvLoop
    }

    package func begin(_ body: @escaping @Sendable (any Network) -> Void) {
        let loop = uvLoop
        loop.post { body(UVNetwork(loop)) }
    }

    package func end() {
        let loop = uvLoop
        // The loop's thread cannot wait for its own end.
        DispatchQueue.global().async { loop.stop() }
    }
}
