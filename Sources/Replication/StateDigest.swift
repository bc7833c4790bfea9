import Codec
import Digests
package import Identifiers
package import KeyValue

/// The digest of replicated state: SHA-256, cut to 128 bits, over every row outside the node-local
/// key space, in key order: key length, key, version, value length, value (lengths and version as
/// varints).
package struct StateDigest {
    private let digester = Digester()
    /// Rows that are gathered, since to digest each by itself costs more than its bytes do.
    private var scratch = ByteWriter()
    private static let gatheredBytes = 4_096
    package private(set) var rowCount: UInt64 = 0

    package init() {}

    package mutating func add(key: [UInt8], row: Row) {
        scratch.writeBytes(key)
        scratch.writeVarint(row.version)
        scratch.writeBytes(row.value)
        rowCount += 1
        if scratch.count >= Self.gatheredBytes { digestGathered() }
    }

    private mutating func digestGathered() {
        digester.update(scratch.bytes)
        scratch.removeAll(keepingCapacity: true)
    }

    package mutating func finish() -> Bits128 {
        digestGathered()
        return digester.finishBits128()
    }

    /// The digest of a whole state.
    package static func of(
        _ view: some ReadView, progress: (UInt64) -> Void = { _ in }
    ) throws(EngineFailure) -> StateReport {
        var digest = StateDigest()
        try view.scan(SystemRows.replicated, reverse: false) { key, row in
            digest.add(key: key, row: row)
            if digest.rowCount.isMultiple(of: 1_000) { progress(digest.rowCount) }
            return true
        }
        let position = try AppliedPosition.read(view)
        return StateReport(
            index: position.index, rowCount: digest.rowCount, digest: digest.finish())
    }
}

/// The digest of a node's state at one index.
package struct StateReport: Hashable, Sendable {
    package let index: LogIndex
    package let rowCount: UInt64
    package let digest: Bits128

    package init(index: LogIndex, rowCount: UInt64, digest: Bits128) {
        self.index = index
        self.rowCount = rowCount
        self.digest = digest
    }
}
