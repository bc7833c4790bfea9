import Codec
import KeyValue
import Properties

/// A path read where it stands: which bytes of an operation are its names, all of them valid.
///
/// It costs no allocation, unlike `PropertyPath`, which it gives where a person is told something.
struct EncodedPath {
    let bytes: [UInt8]
    let service: Range<Int>
    let instance: Range<Int>?
    let group: Range<Int>?
    let property: Range<Int>?

    private static let scheme = Array("svc:/".utf8)
    private static let groupsName = Array("/:properties/".utf8)

    /// The same with names of their own.
    var path: PropertyPath {
        PropertyPath(
            checked: text(service), instance: instance.map(text), group: group.map(text),
            property: property.map(text))
    }

    /// The name at `range`.
    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    /// Appends `path.description` without a property, and room for `more` bytes.
    func description(more: Int) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(
            20 + service.count + (instance?.count ?? 0) + (group?.count ?? 0) + more)
        text.append(contentsOf: Self.scheme)
        text.append(bytes, in: service)
        if let instance {
            text.append(UInt8(ascii: ":"))
            text.append(bytes, in: instance)
        }
        if let group {
            text.append(contentsOf: Self.groupsName)
            text.append(bytes, in: group)
        }
        return text
    }
}
