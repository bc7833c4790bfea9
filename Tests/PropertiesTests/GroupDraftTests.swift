import Identifiers
import Properties
import Testing
import Transactions

struct GroupDraftTests {
    private func draft() throws -> GroupDraft {
        GroupDraft(
            try pathed("svc:/a/:properties/g"), groupID: EntityID(index: LogIndex(3), ordinal: 1),
            base: GroupVersion(index: LogIndex(4), ordinal: 0),
            types: ["count": .count, "uri": .uri])
    }

    private func refusal(
        _ body: (inout GroupDraft) throws(GroupDraft.Refusal) -> Void
    ) throws -> GroupDraft.Refusal? {
        var draft = try draft()
        let before = draft
        do throws(GroupDraft.Refusal) {
            try body(&draft)
            return nil
        } catch {
            #expect(draft == before)
            return error
        }
    }

    @Test func `an entry is checked against the version that the draft begins from`() throws {
        func add(_ action: GroupDraft.Action, _ name: String, _ type: PropertyType?) throws
            -> GroupDraft.Refusal?
        {
            try refusal { (draft) throws(GroupDraft.Refusal) in
                try draft.add(action, name, type: type)
            }
        }
        #expect(try add(.new, "fresh", .time) == nil)
        #expect(try add(.new, "count", .count) == .exists("count"))
        #expect(try add(.new, "9", .count) == .invalidName("9"))
        #expect(try add(.change, "count", .count) == nil)
        #expect(try add(.change, "fresh", .count) == .notFound("fresh"))
        #expect(try add(.change, "count", .integer) == .typeMismatch("count", .integer, .count))
        // A type below is another type.
        #expect(try add(.change, "uri", .fmri) == .typeMismatch("uri", .fmri, .uri))
        #expect(try add(.changeType, "uri", .fmri) == nil)
        #expect(try add(.changeType, "fresh", .fmri) == .notFound("fresh"))
        #expect(try add(.delete, "uri", nil) == nil)
        #expect(try add(.delete, "fresh", nil) == .notFound("fresh"))
    }

    @Test func `a property has one entry`() throws {
        for action in [GroupDraft.Action.new, .change, .changeType] {
            var draft = try draft()
            try draft.add(.delete, "count")
            #expect(throws: GroupDraft.Refusal.inUse("count")) {
                try draft.add(action, "count", type: .count)
            }
        }
    }

    @Test func `values are of the entry's type or one below it, and kept in order`() throws {
        var draft = try draft()
        try draft.add(.change, "uri", type: .uri)
        try draft.add(.delete, "count")
        try draft.add(.new, "none", type: .boolean)
        let fmri = PropertyValue.text(Array("svc:/a".utf8))
        let uri = PropertyValue.text(Array("http://h/p".utf8))
        try draft.append(fmri, of: .fmri, to: "uri")
        try draft.append(uri, of: .uri, to: "uri")
        try draft.append(fmri, of: .fmri, to: "uri")
        #expect(throws: GroupDraft.Refusal.typeMismatch("uri", .ustring, .uri)) {
            try draft.append(fmri, of: .ustring, to: "uri")
        }
        #expect(throws: GroupDraft.Refusal.invalidValue("uri")) {
            try draft.append(uri, of: .fmri, to: "uri")
        }
        #expect(throws: GroupDraft.Refusal.takesNoValue("count")) {
            try draft.append(.count(1), of: .count, to: "count")
        }
        #expect(throws: GroupDraft.Refusal.notFound("x")) {
            try draft.append(.count(1), of: .count, to: "x")
        }
        let commit = draft.commit
        #expect(commit.groupID == draft.groupID)
        #expect(commit.base == draft.base)
        #expect(commit.edits.map(\.name) == ["count", "none", "uri"])
        #expect(commit.edits.map(\.content?.values) == [nil, [], [fmri, uri, fmri]])
        #expect(commit.edits.last?.content?.type == .uri)
    }

    @Test func `a draft without entries is a commit without edits`() throws {
        let draft = try draft()
        #expect(draft.isEmpty)
        #expect(draft.commit.edits.isEmpty)
    }
}
