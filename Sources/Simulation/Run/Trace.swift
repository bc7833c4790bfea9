import Codec
import Digests
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
        let line = "\(Self.seconds(world.time)) \(subject) \(text)"
        count += 1
        digester.update(Array((line + "\n").utf8))
        if isKept { lines.append(line) }
    }

    /// A time of the world as a person reads it, such as `12.345678 s`.
    static func seconds(_ nanoseconds: UInt64) -> String {
        let microseconds = nanoseconds / 1_000
        let fraction = String(1_000_000 + microseconds % 1_000_000).dropFirst()
        return "\(microseconds / 1_000_000).\(fraction) s"
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
