import Codec
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

    mutating func text() throws(StoreFailure) -> String {
        try read { (reader) throws(DecodingFailure) in
            try reader.readString(limit: Self.textBytes, "name")
        }
    }

    mutating func bool() throws(StoreFailure) -> Bool {
        try read { (reader) throws(DecodingFailure) in try reader.readBool() }
    }

    mutating func count(limit: Int, _ what: StaticString) throws(StoreFailure) -> Int {
        try read { (reader) throws(DecodingFailure) in try reader.readCount(limit: limit, what) }
    }

    mutating func name(_ kind: NameRules.Kind) throws(StoreFailure) -> String {
        let name = try text()
        guard NameRules.isValid(name, as: kind) else { throw Self.invalid(name, kind) }
        return name
    }

    /// A path; where `depth` is nil, of anything but a property.
    mutating func path(_ depth: Depth?) throws(StoreFailure) -> PropertyPath {
        let bits = try read { (reader) throws(DecodingFailure) in try reader.readUInt8() }
        guard bits <= 7 else { throw .abort(.malformed, "path with unknown bits \(bits)") }
        let service = try name(.service)
        let instance = bits & 1 == 0 ? nil : try name(.instance)
        let group = bits & 2 == 0 ? nil : try name(.group)
        let property = bits & 4 == 0 ? nil : try name(.property)
        guard property == nil || group != nil else {
            throw .abort(.invalidArgument, "a property of \(service) without a group")
        }
        let path = PropertyPath(
            checked: service, instance: instance, group: group, property: property)
        let isFit =
            switch depth {
            case .service: path.instance == nil && path.group == nil
            case .instance: path.instance != nil && path.group == nil
            case .group: path.group != nil && path.property == nil
            case .property: path.property != nil
            case nil: path.property == nil
            }
        guard isFit else {
            throw .abort(.invalidArgument, "\(path) does not name what the operation is for")
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

    mutating func edits() throws(StoreFailure) -> [PropertyEdit] {
        let count = try count(limit: GroupCommit.editLimit, "edit count")
        var edits: [PropertyEdit] = []
        for _ in 0..<count {
            let action = try read { (reader) throws(DecodingFailure) in try reader.readUInt8() }
            let name = try name(after: edits.last?.name)
            switch action {
            case 1: edits.append(.new(name, try content()))
            case 2: edits.append(.change(name, try content()))
            case 3: edits.append(.changeType(name, try content()))
            case 4: edits.append(.delete(name))
            case 5: edits.append(.set(name, try content()))
            default: throw .abort(.malformed, "unknown edit \(action) of property \(name)")
            }
        }
        return edits
    }

    mutating func properties() throws(StoreFailure) -> [Property] {
        let count = try count(limit: GroupCommit.editLimit, "property count")
        var properties: [Property] = []
        for _ in 0..<count {
            let name = try name(after: properties.last?.name)
            properties.append(Property(name: name, content: try content()))
        }
        return properties
    }

    private mutating func name(after last: String?) throws(StoreFailure) -> String {
        let name = try name(.property)
        if let last, last >= name {
            let isRepeated = last == name
            throw .abort(
                isRepeated ? .invalidArgument : .malformed,
                isRepeated ? "property \(name) twice" : "property \(name) after \(last)")
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
