import LockstepCLI
import Properties
import Testing

/// What *svcprop* and *svccfg* users name, edit and are shown, over a store in memory.
@Suite struct PropertyListingTests {
    private let repository = MemoryRepository()

    /// Services `net/http` (a, b), `old/http` (a) and `bare`, with groups of properties.
    private func fill() async throws {
        var operations: [PropertyOperation] = []
        for text in ["svc:/net/http", "svc:/old/http", "svc:/bare"] {
            operations.append(.addService(try Documents.path(text)))
        }
        for text in ["svc:/net/http:a", "svc:/net/http:b", "svc:/old/http:a"] {
            operations.append(.addInstance(try Documents.path(text), serviceID: nil))
        }
        operations += [
            try set("svc:/net/http/:properties/c/p", .count, ["1", "2"]),
            try set("svc:/net/http/:properties/c/q", .astring, ["two words", ""]),
            try set("svc:/net/http:a/:properties/c/p", .count, ["7"]),
            try set("svc:/bare/:properties/c/p", .count, ["0"]),
            .addGroup(
                try Documents.path("svc:/net/http:a/:properties/state"), ownerID: nil,
                GroupCreation(type: "framework", isPersistent: false)),
        ]
        _ = try await repository.submit(operations, expecting: [])
    }

    private func set(
        _ path: String, _ type: PropertyType, _ texts: [String]
    ) throws -> PropertyOperation {
        .setProperty(
            try Documents.path(path),
            to: try #require(PropertyContent(type: type, strings: texts)),
            creation: GroupCreation(type: "application"))
    }

    private func find(_ text: String, prefersInstances: Bool = false) async throws -> [String] {
        try await repository.find(
            try EntityPattern(text), prefersInstances: prefersInstances
        ).map(\.description)
    }

    private func list(
        _ names: [String], _ properties: [String] = [], _ view: PropertyView = .running
    ) async throws -> (lines: [String], listing: PropertySelection.Listing) {
        let listing = try await PropertySelection(view: view, properties: properties, names: names)
            .list(in: repository)
        let isBare = listing.isOneProperty
        return (
            listing.lines.map {
                String(
                    decoding: $0.bytes(isFull: listing.isOfSeveral, isBare: isBare).dropLast(),
                    as: UTF8.self)
            }, listing
        )
    }

    // MARK: - Names

    @Test func `services and instances are named whole, by their ends and by patterns`()
        async throws
    {
        try await fill()
        #expect(try await find("svc:/net/http") == ["svc:/net/http"])
        #expect(try await find("svc:/none:x") == ["svc:/none:x"])
        #expect(try await find("svc:net/http:a") == ["svc:/net/http:a"])
        #expect(try await find("svc://localhost/net/http:a") == ["svc:/net/http:a"])
        #expect(try await find("svc://localhost/net/*:a") == ["svc:/net/http:a"])
        #expect(try await find("svc:///net/*") == ["svc:/net/http"])
        #expect(try await find("svc:net/*") == ["svc:/net/http"])
        #expect(try await find("http") == ["svc:/net/http", "svc:/old/http"])
        #expect(try await find("net/http:a") == ["svc:/net/http:a"])
        #expect(try await find("http:a") == ["svc:/net/http:a", "svc:/old/http:a"])
        #expect(try await find(":b") == ["svc:/net/http:b"])
        #expect(try await find("ttp") == [])
        #expect(try await find("*tt*") == ["svc:/net/http", "svc:/old/http"])
        #expect(try await find("svc:/net/*:[b-z]") == ["svc:/net/http:b"])
        #expect(
            try await find("http", prefersInstances: true)
                == ["svc:/net/http:a", "svc:/net/http:b", "svc:/old/http:a"])
        #expect(try await find("bare", prefersInstances: true) == ["svc:/bare"])
    }

    @Test(arguments: ["svc://other/net/http:a", "svc://other/net/*"])
    func `what is in another scope is not there`(_ text: String) {
        let failure = #expect(throws: CommandFailure.self) { try EntityPattern(text) }
        #expect(failure?.exit == .negative)
        #expect(failure?.text == "there is no scope other; all services are in localhost")
    }

    @Test(arguments: ["", "svc:/", "svc:", "svc://localhost", "svc:/a b", "a:", "svc:/9a", "/"])
    func `what can name nothing is refused`(_ text: String) {
        let failure = #expect(throws: CommandFailure.self) { try EntityPattern(text) }
        #expect(failure?.exit == .usage)
    }

    @Test func `the one that is meant must be one, and there`() async throws {
        try await fill()
        #expect(
            try await repository.findOne(EntityPattern("old/http:a")).description
                == "svc:/old/http:a")
        for (text, message) in [
            ("http", "http fits 2 services and instances: svc:/net/http, svc:/old/http"),
            ("nothing", "no service or instance fits nothing"),
            ("svc:/net/http:c", "there is no svc:/net/http:c"),
        ] {
            let failure = await #expect(throws: RepositoryFailure.self) {
                try await repository.findOne(try EntityPattern(text))
            }
            #expect(failure?.command.text.hasPrefix(message) == true, "\(text)")
            #expect(failure?.command.exit == .negative)
        }
    }

    @Test(arguments: ["svc:/net/http:a/:properties/c", "svc:/bare/:properties/c/p"])
    func `what is meant for a service is not done where a property is named`(
        _ text: String
    ) async throws {
        try await fill()
        for failure in [
            await #expect(throws: RepositoryFailure.self) {
                try await repository.findOne(try EntityPattern(text))
            },
            await #expect(throws: RepositoryFailure.self) {
                try await repository.find(try EntityPattern(text))
            },
        ] {
            #expect(failure?.command.exit == .usage)
            #expect(failure?.command.text.contains("delpg and delprop delete the former") == true)
        }
        let failure = #expect(throws: CommandFailure.self) { try EntityPattern.whole(text) }
        #expect(failure?.exit == .usage)
        #expect(try EntityPattern.whole("svc:/net/http:a").description == "svc:/net/http:a")
    }

    @Test(arguments: [
        ("", "", true), ("a", "", false), ("", "*", true), ("abc", "a*c", true),
        ("abbc", "a*bc", true), ("ab", "a*bc", false), ("a/b/c", "a*c", true), ("abc", "a?c", true),
        ("ac", "a?c", false), ("abc", "a[a-c]c", true), ("abc", "a[!a-c]c", false),
        ("a]c", "a[]]c", true), ("a[c", "a[c", true), ("aXc", "a[b-", false), ("ä", "??", true),
    ])
    func `a pattern is the shell's`(_ text: String, _ pattern: String, _ fits: Bool) {
        #expect(Glob.matches(text, pattern) == fits)
    }

    // MARK: - Listing

    @Test func `an instance is shown together with its service`() async throws {
        try await fill()
        #expect(
            try await list(["net/http:a"]).lines == [
                "c application", "c/p count 7", "c/q astring two\\ words \"\"", "state framework",
            ])
        #expect(
            try await list(["svc:/net/http:a"], [], .direct).lines
                == ["c application", "c/p count 7", "state framework"])
        #expect(try await list(["svc:/net/http:b"], ["c/p"]).lines == ["1 2"])
    }

    @Test func `several things are shown by their whole paths`() async throws {
        try await fill()
        #expect(
            try await list(["net/http"], ["c/p"]).lines == [
                "svc:/net/http:a/:properties/c/p count 7",
                "svc:/net/http:b/:properties/c/p count 1 2",
            ])
        #expect(
            try await list(["svc:/net/http/:properties/c/q"]).lines == ["two\\ words \"\""])
    }

    @Test func `what is not there is told, and the rest is shown`() async throws {
        try await fill()
        let (lines, listing) = try await list(["svc:/bare", "svc:/gone", "x*"], ["c/p"])
        #expect(lines == ["svc:/bare/:properties/c/p count 0"])
        #expect(listing.missing == ["svc:/gone", "x*"])
        #expect(
            try await list(["svc:/bare", "x*"], ["c/p"]).lines
                == ["svc:/bare/:properties/c/p count 0"])
        #expect(
            try await list(["svc:/bare"], ["c/none"]).listing.missing
                == ["svc:/bare/:properties/c/none"])
    }

    @Test func `what runs is the snapshot and what is not persistent`() async throws {
        try await fill()
        let instance = try Documents.path("svc:/net/http:a")
        let running = try #require(SnapshotPath(instance, "running"))
        let state = try Documents.path("svc:/net/http:a/:properties/state/now")
        let edit = try #require(PropertyContent(type: .astring, strings: ["on"]))
        _ = try await repository.submit(
            [
                .takeSnapshot(SnapshotTake(running, mode: .new)),
                try set("svc:/net/http:a/:properties/c/p", .count, ["8"]),
                .setProperty(state, to: edit),
            ], expecting: [])
        #expect(try await list(["svc:/net/http:a"], ["c/p"]).lines == ["7"])
        #expect(try await list(["svc:/net/http:a"], ["c/p"], .composed).lines == ["8"])
        #expect(try await list(["svc:/net/http:a"], ["state/now"]).lines == ["on"])
    }

    @Test func `a state of the instance is shown though the service has a group of its name`()
        async throws
    {
        try await fill()
        let instance = try Documents.path("svc:/net/http:a")
        let running = try #require(SnapshotPath(instance, "running"))
        let now = try Documents.path("svc:/net/http:a/:properties/state/now")
        let on = try #require(PropertyContent(type: .astring, strings: ["on"]))
        _ = try await repository.submit(
            [
                try set("svc:/net/http/:properties/state/now", .astring, ["never"]),
                .takeSnapshot(SnapshotTake(running, mode: .new)), .setProperty(now, to: on),
            ], expecting: [])
        #expect(try await list(["svc:/net/http:a"], ["state/now"]).lines == ["on"])
    }

    @Test func `what runs is shown though it is taken anew meanwhile`() async throws {
        try await fill()
        let instance = try Documents.path("svc:/net/http:a")
        let running = try #require(SnapshotPath(instance, "running"))
        let take = PropertyOperation.takeSnapshot(SnapshotTake(running, mode: .set))
        _ = try await repository.submit([take], expecting: [])
        // The present groups, the name; then what it held is gone before its groups are asked for. One
        // content before the last is still kept.
        let first = try set("svc:/net/http:a/:properties/c/p", .count, ["8"])
        let second = try set("svc:/net/http:a/:properties/c/p", .count, ["9"])
        repository.intrudeReads([[], [], [first, take, second, take]])
        #expect(try await list(["svc:/net/http:a"], ["c/p"]).lines == ["9"])
    }

    @Test func `a wait is for the groups that are shown, and shows what is there then`()
        async throws
    {
        try await fill()
        func wait(
            _ name: String, _ property: String, _ view: PropertyView = .running
        ) async throws -> PropertyWait {
            try await PropertyWait(
                PropertySelection(view: view, properties: [property], names: [name]),
                in: repository)
        }
        let instance = try Documents.path("svc:/net/http:b")
        let running = try #require(SnapshotPath(instance, "running"))
        _ = try await repository.submit(
            [.takeSnapshot(SnapshotTake(running, mode: .new))], expecting: [])
        let inherited = try await wait("http:b", "c/p")
        #expect(
            inherited.groups.map(\.description)
                == ["svc:/net/http:b/:properties/c", "svc:/net/http/:properties/c"])
        _ = try await repository.submit(
            [try set("svc:/net/http/:properties/c/p", .count, ["3"])], expecting: [])
        let shown = try await inherited.selection.list(in: repository).lines
        #expect(shown.map(MemoryRepository.text) == ["\(instance)/:properties/c/p count 3"])
        #expect(
            try await wait("svc:/net/http:a", "c/p", .direct).groups.map(\.description)
                == ["svc:/net/http:a/:properties/c"])
        for (name, property) in [("svc:/net/http:b", "none"), ("http", "c/p")] {
            let failure = await #expect(throws: RepositoryFailure.self) {
                try await wait(name, property)
            }
            #expect(failure?.command.exit == .negative)
        }
    }

    @Test(arguments: [
        ("", "\"\""), ("plain", "plain"), ("a b", "a\\ b"), ("$x", "$x"),
        (";&()|^<>\n\t\\\"'`", "\\;\\&\\(\\)\\|\\^\\<\\>\\\n\\\t\\\\\\\"\\'\\`"),
    ])
    func `a value is quoted as svcprop quotes it`(_ text: String, _ quoted: String) {
        #expect(PropertyLine.quoted(Array(text.utf8)) == Array(quoted.utf8))
    }

    @Test func `JSON has texts as they are, and bytes that are none as hexadecimal digits`() throws
    {
        let owner = try Documents.path("svc:/a")
        func values(_ type: PropertyType, _ texts: [[UInt8]]) throws -> String {
            let values = try texts.map { bytes in
                try #require(PropertyValue(stringBytes: bytes, type: type))
            }
            let content = try #require(PropertyContent(type: type, values: values))
            let line = PropertyLine(owner, group: "g", Property(name: "p", content: content))
            return line.document.text
        }
        let front = "{\"path\":\"svc:/a/:properties/g/p\",\"type\":"
        #expect(
            try values(.astring, [Array("a\n\tb".utf8), [0x41, 0xFF]])
                == front + "\"astring\",\"values\":[\"a\\n\\tb\",{\"hex\":\"41ff\"}]}")
        #expect(
            try values(.count, [Array("7".utf8), Array("18446744073709551615".utf8)])
                == front + "\"count\",\"values\":[7,\"18446744073709551615\"]}")
        #expect(
            PropertyLine(owner, group: "g", type: "t").document.text
                == "{\"path\":\"svc:/a/:properties/g\",\"type\":\"t\"}")
    }

    // MARK: - Editing

    private func property(_ text: String) async throws -> [String] {
        try await list(["svc:/bare"], [text]).lines
    }

    @Test func `values are set, appended and deleted`() async throws {
        try await fill()
        let editing = GroupEditing(in: repository)
        let path = try Documents.path("svc:/bare/:properties/c/p")
        _ = try await editing.append(path, type: nil, ["10", "11"])
        #expect(try await property("c/p") == ["0 10 11"])
        _ = try await editing.deleteValues(path, matching: "1*", isForced: false)
        #expect(try await property("c/p") == ["0"])
        _ = try await editing.set(path, type: .astring, ["a b"])
        #expect(try await list(["svc:/bare"]).lines == ["c application", "c/p astring a\\ b"])
        let new = try Documents.path("svc:/bare/:properties/c/new")
        _ = try await editing.append(new, type: .boolean, ["true"])
        #expect(try await property("c/new") == ["true"])
        _ = try await editing.delete(new)
        _ = try await editing.delete(try Documents.path("svc:/bare/:properties/c"))
        #expect(try await list(["svc:/bare"]).lines == [])
    }

    @Test func `an edit that cannot be says why`() async throws {
        try await fill()
        let editing = GroupEditing(in: repository)
        let path = try Documents.path("svc:/bare/:properties/c/p")
        let new = try Documents.path("svc:/bare/:properties/c/new")
        let other = try Documents.path("svc:/bare/:properties/d/p")
        let edits: [(String, () async throws -> UInt64?)] = [
            (
                "\"x\" is no count, which \(path) wants",
                { try await editing.set(path, type: nil, ["x"]) }
            ),
            ("a new property wants its type", { try await editing.set(new, type: nil, ["x"]) }),
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
        let before = try await repository.dump()
        for (text, edit) in edits {
            let failure = await #expect(throws: RepositoryFailure.self) { try await edit() }
            #expect(failure?.command.text.contains(text) == true, "\(text)")
        }
        let forced = try await editing.deleteValues(path, matching: "9", isForced: true)
        #expect(forced == nil)
        #expect(try await repository.dump() == before)
    }

    @Test func `an edit is made of what is there, however fast others are`() async throws {
        try await fill()
        let path = try Documents.path("svc:/bare/:properties/c/p")
        repository.intrude([[try set("\(path)", .count, ["5"])]])
        _ = try await GroupEditing(in: repository).append(path, type: nil, ["6"])
        #expect(try await property("c/p") == ["5 6"])
    }
}
