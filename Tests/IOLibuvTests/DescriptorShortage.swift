import Glibc
import IOCore
import IOLibuv
import Identifiers

/// A listener in a process whose descriptors have run out; for a process of its own.
enum DescriptorShortage {
    struct Unexpected: Error {}

    /// Throws unless the listener reports the shortage once or twice and serves the peer afterwards.
    static func run() async throws {
        let loop = UVLoop.start(name: "test-loop")
        let reports = Locked(0)
        let served: Bool = await loop.wait { done in
            let network = UVNetwork(loop) { failure in
                let isFirst = reports.withLock { count in
                    count += 1
                    return count == 1
                }
                guard isFirst, failure.reason.hasPrefix("too many open files") else { return }
                raiseLimit()
            }
            do {
                let listener = try network.listen(on: Address(host: "127.0.0.1", port: 0)) {
                    $0.close(flush: false)
                    done(true)
                }
                // The connecting side has its descriptor when the call returns.
                network.connect(to: listener.address) { result in
                    if case .failure = result { done(false) }
                }
                lowerLimit()
            } catch {
                done(false)
            }
        }
        loop.stop()
        guard served, (1...2).contains(reports.withLock { $0 }) else { throw Unexpected() }
    }

    /// Allows no descriptor more than there are.
    private static func lowerLimit() {
        let next = dup(0)
        _ = close(next)
        setLimit(rlim_t(next))
    }

    private static func raiseLimit() {
        setLimit(1_024)
    }

    private static func setLimit(_ descriptors: rlim_t) {
        var limit = rlimit()
        _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = descriptors
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
