import Identifiers
import Testing
import Transactions
import Triggers

struct TriggerGuardTests {
    /// A demand, transactions in turn (`a=1 b=2`, with `!p` for a property), and what each gets.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let demand: TriggerCondition.Demand
        let transactions: [(text: String, isVetoed: Bool)]

        init(
            _ name: String, _ demand: TriggerCondition.Demand,
            _ transactions: KeyValuePairs<String, Bool>
        ) {
            testDescription = name
            self.demand = demand
            self.transactions = transactions.map { ($0.key, $0.value) }
        }
    }

    private static let cases = [
        Case("read-only prefix", .noChange(keyPrefix: "n/a"), ["b=1": false, "b=1 a=1": true]),
        Case(
            "no deletion", .noDeletion(keyPrefix: "n/a"),
            ["a=1": false, "a=2": false, "b=": false, "a=": true]),
        Case("some change", .someChange(keyPrefix: "n/c"), ["a=1": true, "a=1 c=1": false]),
        Case(
            "transaction property", .transactionProperty(name: "who"),
            ["a=1": true, "a=1 !who": false, "a=1 !whom": true]),
        Case("most changes", .mostChanges(2), ["a=1 b=1": false, "a=1 b=1 c=1": true]),
        Case(
            "row present", .rowPresent(store: .properties, key: [0x6B]),
            ["a=1": true, "a=1 k=1": false, "a=2": false, "k=": true]),
        Case(
            "row absent", .rowAbsent(store: .properties, key: [0x6B]),
            ["a=1": false, "k=1": true]),
        Case(
            "present", .present(.properties, key: "n/k"),
            ["a=1": true, "k=1": false, "a=1": false, "k=": true]),
        Case("absent", .absent(.properties, key: "n/k"), ["a=1": false, "k=1": true]),
        Case(
            "typed", .typed(.properties, key: "n/k", type: "number"),
            ["a=1": true, "k=1": false]),
        Case("of another type", .typed(.properties, key: "n/k", type: "text"), ["k=1": true]),
        Case(
            "equal", .equal(.properties, key: "n/k", values: ["7"]),
            ["a=1": true, "k=6": true, "k=7": false]),
        Case(
            "in range", .inRange(.properties, key: "n/k", lower: -5, upper: 10),
            [
                "a=1": true, "k=10": false, "k=-5": false, "k=11": true, "k=-6": true,
                "k=18446744073709551615": true, "k=x": true,
            ]),
        Case("a store that is not there", .present(.spaces, key: "x"), ["a=1": true]),
    ]

    @Test(arguments: cases)
    func `a condition that is not met vetoes`(sample: Case) throws {
        var bench = TriggerBench()
        #expect(try bench.guardAll("t", sample.demand) == nil)
        for (text, isVetoed) in sample.transactions {
            let words = text.split(separator: " ").map(String.init)
            let abort = try bench.run(
                words.filter { !$0.hasPrefix("!") }.map { word in
                    let bytes = Array(word.utf8)
                    return Operation(
                        store: .properties, kind: 1, body: [bytes[0]] + Array(bytes.dropFirst(2)))
                },
                properties: words.filter { $0.hasPrefix("!") }.map {
                    TransactionProperty(name: String($0.dropFirst()), value: [])
                })
            #expect(
                abort
                    == (isVetoed
                        ? Abort(step: nil, code: .vetoed, message: "trigger t: t says no") : nil),
                "\(text)")
        }
    }

    @Test func `transactions that the filter does not let through are not reviewed`() throws {
        var bench = TriggerBench()
        _ = try bench.guardAll("t", .noChange(keyPrefix: ""), prefixes: ["n/a", "n/b"])
        #expect(try bench.set("c=1") == nil)
        #expect(try bench.set("c=1", "b=1")?.code == .vetoed)
        #expect(try bench.run([TriggerStore.remove("t")]) == nil)
        #expect(try bench.set("b=1") == nil)
    }

    @Test func `a trigger may guard the others, and never keeps itself from being removed`() throws
    {
        var bench = TriggerBench()
        #expect(try bench.guardAll("t", .noChange(keyPrefix: "")) == nil)
        #expect(try bench.guardAll("u", .present(.properties, key: "n/none")) == nil)
        #expect(try bench.run([TriggerStore.remove("t")]) == nil)
        let keeper = TriggerDefinition(
            name: "keeper", kind: .preCommit, stores: [.triggers],
            conditions: [TriggerCondition(.transactionProperty(name: "admin"), message: "no")])
        #expect(try bench.run([TriggerStore.add(keeper)]) == nil)
        #expect(try bench.run([TriggerStore.remove("u")])?.code == .vetoed)
        let admin = [TransactionProperty(name: "admin", value: [])]
        #expect(
            try bench.run([TriggerStore.remove("keeper"), TriggerStore.remove("u")])?.code
                == .vetoed, "not together with others")
        #expect(try bench.run([TriggerStore.remove("u")], properties: admin) == nil)
        #expect(try bench.run([TriggerStore.remove("keeper")]) == nil)
    }

    @Test func `triggers are asked in the order of their names`() throws {
        var bench = TriggerBench()
        #expect(try bench.guardAll("z", .noChange(keyPrefix: "n/")) == nil)
        #expect(try bench.guardAll("b", .noChange(keyPrefix: "n/")) == nil)
        #expect(try bench.set("a=1")?.message == "trigger b: b says no")
    }

    @Test func `a transaction is judged by the triggers that it found`() throws {
        var bench = TriggerBench()
        let forbid = TriggerStore.add(
            TriggerDefinition(
                name: "t", kind: .preCommit,
                conditions: [TriggerCondition(.noChange(keyPrefix: "n/a"), message: "no")]))
        let change = Operation(store: .properties, kind: 1, body: [0x61, 0x31])
        #expect(try bench.run([forbid, change]) == nil)
        #expect(try bench.run([TriggerStore.remove("t"), change])?.code == .vetoed)
        #expect(try bench.run([change])?.code == .vetoed, "the removal was undone")
        #expect(try bench.run([TriggerStore.remove("t")]) == nil)
        #expect(try bench.run([change]) == nil)
    }

    @Test func `a trigger that was not committed never judges`() throws {
        var bench = TriggerBench()
        _ = try bench.guardAll("a", .mostChanges(1))
        let forbid = TriggerStore.add(
            TriggerDefinition(
                name: "b", kind: .preCommit,
                conditions: [TriggerCondition(.noChange(keyPrefix: ""), message: "no")]))
        let change = Operation(store: .properties, kind: 1, body: [0x61, 0x31])
        #expect(try bench.run([forbid, change])?.message == "trigger a: a says no")
        #expect(try bench.run([change]) == nil)
        let failing = Operation(store: .triggers, kind: 9, body: [])
        #expect(try bench.run([forbid, failing])?.code == .malformed)
        #expect(try bench.run([change]) == nil)
    }

    @Test func `a state from elsewhere brings its own triggers`() throws {
        var bench = TriggerBench()
        #expect(try bench.set("a=1") == nil)
        var other = TriggerBench()
        _ = try other.guardAll("t", .noChange(keyPrefix: "n/"))
        bench.view = other.view
        bench.forget()
        #expect(try bench.set("a=1")?.code == .vetoed)
    }

    @Test func `a trigger demands no row that is the replica's own`() throws {
        var bench = TriggerBench()
        for demand in [
            TriggerCondition.Demand.rowPresent(store: StoreID(rawValue: 1), key: [1]),
            .rowAbsent(store: StoreID(rawValue: 0), key: [1]),
        ] {
            let definition = TriggerDefinition(
                name: "t", kind: .preCommit,
                conditions: [TriggerCondition(demand, message: "no")])
            #expect(try bench.run([TriggerStore.add(definition)])?.code != nil)
        }
        #expect(try bench.set("a=1") == nil)
    }

    @Test func `keys are compared byte for byte`() {
        let definition = TriggerDefinition(
            name: "t", kind: .postCommit, keyPrefixes: ["n/\u{E9}"], program: "p")
        func matches(_ key: String) -> Bool {
            definition.matches(
                Change(step: 0, store: .properties, key: key, old: nil, new: nil))
        }
        #expect(matches("n/\u{E9}x"))
        #expect(!matches("n/e\u{301}x"))
    }
}
