import Digests
import Codec
package import Identifiers

/// What happened, line by line: the same for the same seed and the same program.
package final class Trace: @unchecked Sendable {
    private let isKept: Bool
    private let digester = Digester()
    package private(set) var lines: [String] = []
    package private(set) var count = 0

    /// Keeps the lines, or their digest alone.
    package init(keepsLines: Bool) {
        isKept = keepsLines
    }

    /// Notes what happened to `subject`.
    package func note(_ world: World, _ subject: String, _ text: String) {
        let microseconds = world.time / 1_000
        let line = "\(microseconds) \(subject) \(text)"
        count += 1
        digester.update(Array((line + "\n").utf8))
        if isKept { lines.append(line) }
    }

    /// Takes what is too much for a person into the digest alone.
    package func mix(_ text: String) {
        digester.update(Array((text + "\n").utf8))
    }

    /// The digest of all lines so far; nothing may be noted after it.
    package func finish() -> Bits128 {
        digester.finishBits128()
    }
}
