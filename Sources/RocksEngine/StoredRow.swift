import Identifiers
import KeyValue

/// A row as the engine stores it under its key.
///
/// | bytes | meaning |
/// |---|---|
/// | 1 … 9 | version: the log index of the last change, as an `OrderedInteger` |
/// | rest | the value |
///
/// Most versions take 3 to 5 bytes. There is no checksum here: the engine has one for each block.
enum StoredRow {
    /// Replaces what `bytes` holds by `row`'s stored form, in the storage that is there.
    static func encode(_ row: Row, into bytes: inout [UInt8]) {
        bytes.removeAll(keepingCapacity: true)
        OrderedInteger.append(row.version.rawValue, to: &bytes)
        bytes.append(contentsOf: row.value)
    }

    /// Copies a row out of memory that stays valid for the call; nil if it is none.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> Row? {
        guard case .value(let version, let end) = unsafe OrderedInteger.read(bytes, at: 0) else {
            return nil
        }
        let value = unsafe [UInt8](UnsafeRawBufferPointer(rebasing: bytes[end...]))
        return Row(version: LogIndex(version), value: value)
    }
}
