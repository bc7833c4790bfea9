import Properties
import Stores

// The encoding is in the table of `PropertyChangeValue`.
extension PropertyChangeValue {
    /// The encoding of a property whose content is encoded already, at `content` of `bytes`.
    static func property(_ bytes: [UInt8], content: Range<Int>) -> EncodedChanges.Value {
        EncodedChanges.Value(first: 1, bytes, content)
    }

    /// The encoding of a group whose identity, version and type are encoded already, at `front` of
    /// its row.
    static func group(
        _ row: [UInt8], front: Range<Int>, isPersistent: Bool
    ) -> EncodedChanges.Value {
        EncodedChanges.Value(first: 2, row, front, last: isPersistent ? 1 : 0)
    }
}
