import Codec
import Identifiers
import Properties
import PropertyStorage
import Stores
import Testing
import Transactions

struct BootTests {
    private func boots(_ boots: UInt64...) -> PropertyOperation {
        .noteBoots(
            boots.enumerated().map {
                NodeBoot(node: NodeID(UInt64($0.offset + 1)), boot: $0.element)
            })
    }

    private func add(
        _ names: String..., to bench: inout PropertyBench, isPersistent: Bool = false
    ) throws {
        for name in names {
            try bench.run(
                .commitGroup(
                    GroupCommit(
                        try pathed("svc:/a/:properties/" + name),
                        edits: [.set("p", try content(.count, "1"))],
                        creation: GroupCreation(type: "t", isPersistent: isPersistent))))
        }
    }

    private func names(_ bench: PropertyBench) throws -> [String] {
        try bench.list(.groups(of: try pathed("svc:/a"), id: nil)).entries.map(\.name)
    }

    @Test func `groups that are not persistent go when each member has started anew`() throws {
        var bench = PropertyBench()
        try bench.run(boots(11, 21, 31))
        try add("drop", to: &bench)
        try add("keep", to: &bench, isPersistent: true)
        try bench.run(boots(12, 21, 0))
        try bench.run(boots(0, 22, 0))
        #expect(try names(bench) == ["drop", "keep"])
        let result = try DropResult(try bench.run(boots(0, 0, 32))[0])
        #expect(result == DropResult(dropped: 1, isPartial: false))
        #expect(
            bench.changeLines == ["-svc:/a/:properties/drop/p", "-svc:/a/:properties/drop"])
        #expect(try names(bench) == ["keep"])
        try add("young", to: &bench)
        try bench.run(boots(12, 22, 32))
        #expect(try names(bench) == ["keep", "young"])
    }

    @Test func `a boot that is told again, or is not known, is no start`() throws {
        var bench = PropertyBench()
        try add("g", to: &bench)
        #expect(try DropResult(try bench.run(boots(11, 0))[0]).dropped == 0)
        #expect(try DropResult(try bench.run(boots(0, 21))[0]).dropped == 1)
        try add("g", to: &bench)
        try bench.run(boots(11, 21))
        try bench.run(boots(12, 21))
        try bench.run(boots(13, 21))
        #expect(try names(bench) == ["g"])
    }

    @Test func `who joins counts as started, and who left does not count`() throws {
        var bench = PropertyBench()
        try bench.run(boots(11, 21))
        try add("g", to: &bench)
        try bench.run(boots(12, 21, 31))
        #expect(try names(bench) == ["g"])
        try bench.run(.noteBoots([NodeBoot(node: NodeID(1), boot: 12)]))
        #expect(try names(bench).isEmpty)
    }

    @Test func `a clearing is as large as a transaction may be, and goes on`() throws {
        var limits = Limits.standard
        limits.operationsPerTransaction = 1
        var bench = PropertyBench(limits: limits)
        try bench.run(boots(1))
        // A group and its property are two of the ten changes of a transaction.
        try add("a", "b", "c", "d", "e", "f", "g", to: &bench)
        let first = try DropResult(try bench.run(boots(2))[0])
        #expect(first == DropResult(dropped: 5, isPartial: true))
        let begun = bench.index
        #expect(try PropertyStore.boots(in: bench.view).isClearing)
        try add("h", to: &bench)
        let second = try DropResult(try bench.run(boots(2))[0])
        #expect(second == DropResult(dropped: 2, isPartial: false))
        #expect(try names(bench) == ["h"])
        let register = try PropertyStore.boots(in: bench.view)
        #expect(register.clearing == begun)
        #expect(!register.isClearing)
        #expect(!register.needs([NodeBoot(node: NodeID(1), boot: 2)]))
        #expect(!register.needs([NodeBoot(node: NodeID(1), boot: 0)]))
        #expect(register.needs([NodeBoot(node: NodeID(1), boot: 3)]))
    }

    @Test func `a group with more properties than changes fit goes by itself`() throws {
        var limits = Limits.standard
        limits.operationsPerTransaction = 1
        var bench = PropertyBench(limits: limits)
        try bench.run(boots(1))
        for count in 0..<12 {
            try bench.run(
                .setProperty(
                    try pathed("svc:/a/:properties/g/p\(count)"), to: try content(.count, "1"),
                    creation: GroupCreation(type: "t", isPersistent: false)))
        }
        try bench.run(boots(2))
        #expect(bench.changeLines == ["-svc:/a/:properties/g"])
        #expect(try names(bench).isEmpty)
    }

    @Test func `the register comes back from its row, and whole`() throws {
        var register = BootRegister()
        #expect(try BootRegister(register.encoded()) == register)
        register.note(
            [NodeBoot(node: NodeID(1), boot: 5), NodeBoot(node: NodeID(9), boot: 6)],
            at: LogIndex(300))
        #expect(register.isClearing)
        let row = register.encoded()
        #expect(try BootRegister(row) == register)
        for end in 0..<row.count {
            #expect(throws: DecodingFailure.self) { try BootRegister(Array(row[..<end])) }
        }
    }

    @Test func `members out of order are refused`() throws {
        let store = PropertyStore()
        let good = boots(1, 2).operation
        #expect(throws: Never.self) { try store.validate(good) }
        var body = good.body
        body[1] = 2
        let bad = Operation(store: .properties, kind: good.kind, body: body)
        #expect(throws: StoreFailure.self) { try store.validate(bad) }
        #expect(throws: StoreFailure.self) { try store.validate(boots().operation) }
    }
}
