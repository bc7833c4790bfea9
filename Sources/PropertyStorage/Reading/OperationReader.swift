import Codec
import Properties
import Stores
import Transactions

/// Reads the parts of operations and queries, and says what is wrong with them as a store does.
struct OperationReader {
    private var reader: ByteReader

    /// What a path must name.
    enum Depth {
        case service
        case instance
        case group
        case property
    }

    /// Bytes that a name may have to be refused as a name rather than as malformed.
    private static let textBytes = 4_096

    init(_ bytes: [UInt8]) {
        reader = ByteReader(bytes)
    }

    mutating func read<T>(
        _ body: (inout ByteReader) throws(DecodingFailure) -> T
    ) throws(StoreFailure) -> T {
        do {
            return try body(&reader)
        } catch {
            throw .malformed("property operation", error)
        }
    }

    mutating func finish() throws(StoreFailure) {
        try read { (reader) throws(DecodingFailure) in try reader.finish() }
    }

    /// The offset of the next byte.
    var position: Int {
        reader.position
    }

    var remaining: Int {
        reader.remaining
    }

    /// The text at `range`, which has been checked as a name.
    func text(_ range: Range<Int>) -> String {
        String(decoding: reader.bytes[range], as: UTF8.self)
    }

    mutating func text() throws(StoreFailure) -> String {
        try read { (reader) throws(DecodingFailure) in
            try reader.readString(limit: Self.textBytes, "name")
        }
    }

    mutating func byte() throws(StoreFailure) -> UInt8 {
        try read { (reader) throws(DecodingFailure) in try reader.readUInt8() }
    }

    mutating func bool() throws(StoreFailure) -> Bool {
        try read { (reader) throws(DecodingFailure) in try reader.readBool() }
    }

    mutating func count(limit: Int, _ what: StaticString) throws(StoreFailure) -> Int {
        try read { (reader) throws(DecodingFailure) in try reader.readCount(limit: limit, what) }
    }

    mutating func name(_ kind: NameRules.Kind) throws(StoreFailure) -> String {
        text(try encodedName(kind))
    }

    /// Where a name is that is valid as `kind`.
    mutating func encodedName(_ kind: NameRules.Kind) throws(StoreFailure) -> Range<Int> {
        let start = position
        let range = try read { (reader) throws(DecodingFailure) in
            try reader.skip(try reader.readCount(limit: Self.textBytes, "name"))
        }
        guard NameRules.isValid(reader.bytes, in: range, as: kind) else {
            reader = ByteReader(reader.bytes, in: start..<reader.end)
            throw Self.invalid(try text(), kind)
        }
        return range
    }

    /// A path; where `depth` is nil, of anything but a property.
    mutating func path(_ depth: Depth?) throws(StoreFailure) -> PropertyPath {
        try encodedPath(depth).path
    }

    /// A path read in place; where `depth` is nil, of anything but a property.
    mutating func encodedPath(_ depth: Depth?) throws(StoreFailure) -> EncodedPath {
        let bits = try byte()
        guard bits <= 7 else { throw .abort(.malformed, "path with unknown bits \(bits)") }
        let service = try encodedName(.service)
        let instance = bits & 1 == 0 ? nil : try encodedName(.instance)
        let group = bits & 2 == 0 ? nil : try encodedName(.group)
        let property = bits & 4 == 0 ? nil : try encodedName(.property)
        guard property == nil || group != nil else {
            throw .abort(.invalidArgument, "a property of \(text(service)) without a group")
        }
        let path = EncodedPath(
            bytes: reader.bytes, service: service, instance: instance, group: group,
            property: property)
        let isFit =
            switch depth {
            case .service: instance == nil && group == nil
            case .instance: instance != nil && group == nil
            case .group: group != nil && property == nil
            case .property: property != nil
            case nil: property == nil
            }
        guard isFit else {
            throw .abort(.invalidArgument, "\(path.path) does not name what the operation is for")
        }
        return path
    }

    mutating func entityID() throws(StoreFailure) -> EntityID? {
        guard try bool() else { return nil }
        return try read { (reader) throws(DecodingFailure) in try EntityID.decode(&reader) }
    }

    mutating func version() throws(StoreFailure) -> GroupVersion? {
        guard try bool() else { return nil }
        return try read { (reader) throws(DecodingFailure) in try GroupVersion.decode(&reader) }
    }

    mutating func creation() throws(StoreFailure) -> GroupCreation {
        GroupCreation(type: try name(.groupType), isPersistent: try bool())
    }

    mutating func optionalCreation() throws(StoreFailure) -> GroupCreation? {
        try bool() ? try creation() : nil
    }

    mutating func content() throws(StoreFailure) -> PropertyContent {
        try read { (reader) throws(DecodingFailure) in try PropertyContent.decode(&reader) }
    }

    /// Steps over a content that is checked as `content()` checks it; returns its type.
    mutating func encodedContent() throws(StoreFailure) -> PropertyType {
        try read { (reader) throws(DecodingFailure) in
            try PropertyContent.skip(&reader, isTrusted: false)
        }
    }

    /// Properties by name, at most `limit` of them.
    mutating func properties(
        limit: Int = GroupCommit.editLimit
    ) throws(StoreFailure) -> [Property] {
        let count = try count(limit: limit, "property count")
        var properties: [Property] = []
        var last: Range<Int>?
        for _ in 0..<count {
            let name = try encodedName(.property, after: last)
            last = name
            properties.append(Property(name: text(name), content: try content()))
        }
        return properties
    }

    /// Where a name is that sorts behind the one at `last`.
    mutating func encodedName(
        _ kind: NameRules.Kind, after last: Range<Int>?
    ) throws(StoreFailure) -> Range<Int> {
        let name = try encodedName(kind)
        guard let last else { return name }
        let order = NameRules.order(of: reader.bytes, last, and: reader.bytes, name)
        guard order < 0 else {
            let isRepeated = order == 0
            throw .abort(
                isRepeated ? .invalidArgument : .malformed,
                isRepeated
                    ? "\(kind.noun) \(text(name)) twice"
                    : "\(kind.noun) \(text(name)) after \(text(last))")
        }
        return name
    }

    private static func invalid(_ name: String, _ kind: NameRules.Kind) -> StoreFailure {
        .abort(
            .invalidArgument,
            "\"\(name)\" is no name of a \(kind.noun): at most \(NameRules.nameBytes) letters, "
                + "digits, _ and -, a letter first")
    }
}
