import LockstepCLI
import Properties
import Testing

/// What svccfg's users edit.
@Suite struct GroupEditingTests {
    @Test func `values are set, appended and deleted`() async throws {
        let services = try await ServiceFixture()
        let editing = GroupEditing(in: services.repository)
        let path = try Documents.path("svc:/bare/:properties/c/p")
        _ = try await editing.append(path, type: nil, ["10", "11"])
        #expect(try await services.list(["svc:/bare"], ["c/p"]).lines == ["0 10 11"])
        _ = try await editing.deleteValues(path, matching: "1*", isForced: false)
        #expect(try await services.list(["svc:/bare"], ["c/p"]).lines == ["0"])
        _ = try await editing.set(path, type: .astring, ["a b"])
        #expect(
            try await services.list(["svc:/bare"]).lines == ["c application", "c/p astring a\\ b"])
        let new = try Documents.path("svc:/bare/:properties/c/new")
        _ = try await editing.append(new, type: .boolean, ["true"])
        #expect(try await services.list(["svc:/bare"], ["c/new"]).lines == ["true"])
        _ = try await editing.delete(new)
        _ = try await editing.delete(try Documents.path("svc:/bare/:properties/c"))
        #expect(try await services.list(["svc:/bare"]).lines == [])
    }

    @Test func `an edit that cannot be says why`() async throws {
        let services = try await ServiceFixture()
        let editing = GroupEditing(in: services.repository)
        let path = try Documents.path("svc:/bare/:properties/c/p")
        let new = try Documents.path("svc:/bare/:properties/c/new")
        let other = try Documents.path("svc:/bare/:properties/d/p")
        let edits: [(String, () async throws -> UInt64?)] = [
            (
                "\"x\" is no count, which \(path) wants",
                { try await editing.set(path, type: nil, ["x"]) }
            ),
            (
                "a new property wants its type, as in setprop c/new = astring: VALUE",
                { try await editing.set(new, type: nil, ["x"]) }
            ),
            (
                "a new property wants its type, as in addpropvalue c/new astring: VALUE",
                { try await editing.append(new, type: nil, ["x"]) }
            ),
            (
                "there is no svc:/bare/:properties/d; addpg makes it",
                { try await editing.set(other, type: .count, ["1"]) }
            ),
            (
                "is of type count, not astring",
                { try await editing.append(path, type: .astring, ["1"]) }
            ),
            (
                "no value of \(path) matches 9",
                { try await editing.deleteValues(path, matching: "9", isForced: false) }
            ),
            ("there is no \(new)", { try await editing.delete(new) }),
        ]
        let before = try await services.repository.dump()
        for (text, edit) in edits {
            let failure = await #expect(throws: RepositoryFailure.self) { try await edit() }
            #expect(failure?.command.text.contains(text) == true, "\(text)")
        }
        let forced = try await editing.deleteValues(path, matching: "9", isForced: true)
        #expect(forced == nil)
        // What is asked for is not what the property wants.
        let failure = await #expect(throws: RepositoryFailure.self) {
            try await editing.set(path, type: .boolean, ["x"])
        }
        #expect(failure?.command.text == "\"x\" is no boolean")
        #expect(try await services.repository.dump() == before)
    }

    @Test func `an edit is made of what is there, however fast others are`() async throws {
        let services = try await ServiceFixture()
        let path = try Documents.path("svc:/bare/:properties/c/p")
        services.repository.intrude([[try services.set("\(path)", .count, ["5"])]])
        _ = try await GroupEditing(in: services.repository).append(path, type: nil, ["6"])
        #expect(try await services.list(["svc:/bare"], ["c/p"]).lines == ["5 6"])
    }
}
