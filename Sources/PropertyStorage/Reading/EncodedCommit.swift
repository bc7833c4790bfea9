import Codec
import Properties
import Stores
import Transactions

/// A `GroupCommit` read where it stands: most of what every node applies is one of these.
///
/// All of it that needs no state has been checked.
struct EncodedCommit {
    let path: EncodedPath
    let groupID: EntityID?
    let base: GroupVersion?
    let creation: Creation?
    /// Ascending by name.
    let edits: [Edit]

    /// What a missing group becomes.
    struct Creation {
        let type: Range<Int>
        let isPersistent: Bool
    }

    /// One edit; ranges of the operation's bytes.
    struct Edit {
        enum Action: UInt8 {
            case new = 1
            case change = 2
            case changeType = 3
            case delete = 4
            case set = 5
        }

        let action: Action
        let name: Range<Int>
        /// The name with its length before it, then the content.
        let property: Range<Int>
        /// Empty for a deletion.
        let content: Range<Int>
        /// The content's type; nil for a deletion.
        let type: PropertyType?
    }

    /// The operation's bytes, which the ranges are of.
    var bytes: [UInt8] {
        path.bytes
    }

    /// Reads the body of an operation of kind 5.
    ///
    /// - Throws: `malformed`, `invalidArgument` or `limitExceeded`.
    init(_ body: [UInt8]) throws(StoreFailure) {
        var reader = OperationReader(body)
        self = try reader.commit()
        try reader.finish()
    }

    fileprivate init(
        _ path: EncodedPath, groupID: EntityID?, base: GroupVersion?, creation: Creation?,
        edits: [Edit]
    ) {
        self.path = path
        self.groupID = groupID
        self.base = base
        self.creation = creation
        self.edits = edits
    }
}

extension OperationReader {
    /// Reads a commit in place.
    mutating func commit() throws(StoreFailure) -> EncodedCommit {
        EncodedCommit(
            try encodedPath(.group), groupID: try entityID(), base: try version(),
            creation: try encodedCreation(), edits: try encodedEdits())
    }

    private mutating func encodedCreation() throws(StoreFailure) -> EncodedCommit.Creation? {
        guard try bool() else { return nil }
        return EncodedCommit.Creation(
            type: try encodedName(.groupType), isPersistent: try bool())
    }

    private mutating func encodedEdits() throws(StoreFailure) -> [EncodedCommit.Edit] {
        let count = try count(limit: GroupCommit.editLimit, "edit count")
        var edits: [EncodedCommit.Edit] = []
        edits.reserveCapacity(min(count, remaining))
        for _ in 0..<count {
            let number = try byte()
            let start = position
            let name = try encodedName(.property, after: edits.last?.name)
            guard let action = EncodedCommit.Edit.Action(rawValue: number) else {
                throw .abort(
                    .malformed, "unknown edit \(number) of property \(text(name))")
            }
            let contentStart = position
            let type = action == .delete ? nil : try encodedContent()
            edits.append(
                EncodedCommit.Edit(
                    action: action, name: name, property: start..<position,
                    content: contentStart..<position, type: type))
        }
        return edits
    }
}

extension EncodedCommit.Edit {
    /// The same with a name and values of its own.
    func decoded(_ bytes: [UInt8]) throws(DecodingFailure) -> PropertyEdit {
        let name = String(decoding: bytes[name], as: UTF8.self)
        var reader = ByteReader(bytes, in: content)
        switch action {
        case .delete: return .delete(name)
        case .new: return .new(name, try .decode(&reader, isTrusted: true))
        case .change: return .change(name, try .decode(&reader, isTrusted: true))
        case .changeType: return .changeType(name, try .decode(&reader, isTrusted: true))
        case .set: return .set(name, try .decode(&reader, isTrusted: true))
        }
    }
}
