/// Memory engines by directory: what a closed or crashed one leaves, the next `open` finds.
///
/// Thread-safe by one lock, under which the table is reached: hence the unchecked conformance.
package final class MemoryEngineFactory: EngineFactory, @unchecked Sendable {
    private let lock = Lock()
    private let writeBufferBytes: Int
    /// The last engine of each directory; a crash has replaced it by what the crash left.
    private var engines: [String: MemoryEngine] = [:]
    private var left: [String: MemoryEngine] = [:]

    package init(writeBufferBytes: Int = 64 << 20) {
        self.writeBufferBytes = writeBufferBytes
    }

    /// Opens; throws while the directory's engine is still open.
    package func open(_ directory: String) throws(EngineFailure) -> any Engine {
        try lock.withLock { () throws(EngineFailure) in
            if let last = engines[directory], !last.isEnded {
                throw EngineFailure(
                    "open \(directory)", reason: "it is already open; close it first")
            }
            let engine =
                left.removeValue(forKey: directory) ?? engines[directory]?.reopened()
                ?? MemoryEngine(writeBufferBytes: writeBufferBytes)
            engines[directory] = engine
            return engine
        }
    }

    /// The engine last opened in `directory`, to make it fail or to look at it.
    package func engine(in directory: String) -> MemoryEngine? {
        lock.withLock { engines[directory] }
    }

    /// The directories of the engines that are open, sorted.
    package var openDirectories: [String] {
        lock.withLock { engines.filter { !$0.value.isEnded }.keys.sorted() }
    }

    /// Ends the open engine of `directory` as a crash would, keeping the first `kept` of the
    /// batches that were not flushed.
    ///
    /// - Parameter isMidTurn: whether code of the process that ends is still running, and may go on
    ///   using the engine.
    package func crash(_ directory: String, keeping kept: Int = 0, isMidTurn: Bool = false) {
        lock.withLock {
            guard let engine = engines[directory], !engine.isEnded else {
                preconditionFailure("no engine is open in \(directory) to crash")
            }
            left[directory] =
                isMidTurn ? engine.abandon(keeping: kept) : engine.crash(keeping: kept)
        }
    }

    /// Forgets `directory`, as a disk does that was wiped; its engine must not be open.
    package func remove(_ directory: String) {
        lock.withLock {
            precondition(engines[directory]?.isEnded ?? true, "\(directory) is open")
            engines[directory] = nil
            left[directory] = nil
        }
    }
}
