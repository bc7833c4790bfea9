import Codec
import Identifiers
import JSON
import Stores
import Testing
import Transactions
import Triggers

struct TriggerStoreTests {
    private let mailer = TriggerDefinition(
        name: "mailer", kind: .postCommit, stores: [.properties], keyPrefixes: ["n/a"],
        program: "mail", arguments: ["-s", "é"], timeoutMilliseconds: 5_000, attemptLimit: 3)

    private static let demands: [TriggerCondition.Demand] = [
        .noChange(keyPrefix: "a"), .noDeletion(keyPrefix: ""), .someChange(keyPrefix: "é"),
        .transactionProperty(name: "who"), .mostChanges(.max),
        .rowPresent(store: .spaces, key: [0, 255]), .rowAbsent(store: .properties, key: []),
        .present(.properties, key: "k"), .absent(.properties, key: "k"),
        .typed(.properties, key: "k", type: "count"),
        .equal(.properties, key: "k", values: ["1", ""]),
        .inRange(.properties, key: "k", lower: .min, upper: .max),
    ]

    private var guardian: TriggerDefinition {
        TriggerDefinition(
            name: "guardian", kind: .preCommit,
            conditions: Self.demands.map { TriggerCondition($0, message: "m") })
    }

    @Test func `definitions come back from their encoding`() throws {
        for definition in [mailer, guardian] {
            var reader = ByteReader(TriggerStore.add(definition).body)
            #expect(try TriggerDefinition.decode(&reader) == definition)
            #expect(reader.isAtEnd)
        }
    }

    @Test func `damaged definitions are refused or can be encoded again`() throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SeededGenerator(seed: seed)
        let samples = [mailer, guardian].map { TriggerStore.add($0).body }
        for _ in 0..<20_000 {
            var body = samples[Int.random(in: 0..<2, using: &random)]
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<body.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: body[place] = UInt8.random(in: 0...255, using: &random)
                case 1: body.remove(at: place)
                default: body.insert(UInt8.random(in: 0...255, using: &random), at: place)
                }
            }
            var reader = ByteReader(body)
            guard let read = try? TriggerDefinition.decode(&reader) else { continue }
            var again = ByteReader(TriggerStore.add(read).body)
            #expect(try TriggerDefinition.decode(&again) == read, "seed \(seed)")
        }
    }

    /// A bound of definitions: how one has a number of what it bounds.
    struct Bound: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let most: Int
        let definition: @Sendable (Int) -> TriggerDefinition
    }

    private static func delivered(
        _ change: (inout TriggerDefinition) -> Void
    ) -> TriggerDefinition {
        var definition = TriggerDefinition(name: "t", kind: .postCommit, program: "p")
        change(&definition)
        return definition
    }

    private static func demanding(
        _ demands: [TriggerCondition.Demand], message: String = "m"
    ) -> TriggerDefinition {
        TriggerDefinition(
            name: "t", kind: .preCommit,
            conditions: demands.map { TriggerCondition($0, message: message) })
    }

    private static func text(_ bytes: Int) -> String { String(repeating: "a", count: bytes) }

    private static func ofText(
        _ what: String, _ demand: @escaping @Sendable (String) -> TriggerCondition.Demand
    ) -> Bound {
        Bound(testDescription: what, most: 4_096) { demanding([demand(text($0))]) }
    }

    private static let bounds: [Bound] = [
        Bound(testDescription: "stores", most: 16) { count in
            delivered { $0.stores = Array(repeating: .properties, count: count) }
        },
        Bound(testDescription: "key prefixes", most: 64) { count in
            delivered { $0.keyPrefixes = Array(repeating: "k", count: count) }
        },
        Bound(testDescription: "conditions", most: 64) { count in
            demanding(Array(repeating: .mostChanges(1), count: count))
        },
        Bound(testDescription: "arguments", most: 32) { count in
            delivered { $0.arguments = Array(repeating: "-v", count: count) }
        },
        Bound(testDescription: "values in one condition", most: 64) { count in
            demanding([.equal(.properties, key: "k", values: Array(repeating: "", count: count))])
        },
        Bound(testDescription: "a key prefix", most: 4_096) { bytes in
            delivered { $0.keyPrefixes = ["k", text(bytes)] }
        },
        Bound(testDescription: "an argument", most: 4_096) { bytes in
            delivered { $0.arguments = ["-v", text(bytes)] }
        },
        Bound(testDescription: "a condition's message", most: 4_096) { bytes in
            demanding([.mostChanges(1)], message: text(bytes))
        },
        ofText("no change") { .noChange(keyPrefix: $0) },
        ofText("no deletion") { .noDeletion(keyPrefix: $0) },
        ofText("some change") { .someChange(keyPrefix: $0) },
        ofText("a note") { .transactionProperty(name: $0) },
        ofText("a row present") { .rowPresent(store: .properties, key: Array($0.utf8)) },
        ofText("a row absent") { .rowAbsent(store: .properties, key: Array($0.utf8)) },
        ofText("present") { .present(.properties, key: $0) },
        ofText("absent") { .absent(.properties, key: $0) },
        ofText("a typed key") { .typed(.properties, key: $0, type: "count") },
        ofText("a type") { .typed(.properties, key: "k", type: $0) },
        ofText("an equal key") { .equal(.properties, key: $0, values: []) },
        ofText("a value") { .equal(.properties, key: "k", values: ["", $0]) },
        ofText("a range") { .inRange(.properties, key: $0, lower: 0, upper: 1) },
    ]

    @Test(arguments: bounds)
    func `what nodes cannot decode is told before it is sent`(bound: Bound) throws {
        let most = bound.definition(bound.most)
        #expect(most.fault == nil)
        #expect(throws: Never.self) { try TriggerStore().validate(TriggerStore.add(most)) }
        let over = bound.definition(bound.most + 1)
        let fault = try #require(over.fault)
        #expect(fault.contains("\(bound.most + 1)") && fault.contains("\(bound.most) are the most"))
        var reader = ByteReader(TriggerStore.add(over).body)
        #expect(throws: (any Error).self) { try TriggerDefinition.decode(&reader) }
    }

    @Test func `an argument that no program can be given is the client's to refuse`() {
        let definition = Self.delivered { $0.arguments = ["a", "b\0c"] }
        #expect(
            definition.runFault
                == "an argument of trigger t has a NUL, which no program can be given")
        #expect(definition.fault == nil, "nodes take it, as they always have")
        #expect(Self.delivered { $0.arguments = ["a"] }.runFault == nil)
    }

    @Test func `triggers are added once, listed by name, and removed`() throws {
        var bench = TriggerBench()
        #expect(try bench.run([TriggerStore.add(mailer), TriggerStore.add(guardian)]) == nil)
        #expect(try bench.run([TriggerStore.add(mailer)])?.code == .exists)
        #expect(
            try bench.list() == [
                RegisteredTrigger(
                    definition: guardian, deliveredThrough: .zero, suspension: nil),
                RegisteredTrigger(
                    definition: mailer, deliveredThrough: LogIndex(1), suspension: nil),
            ])
        #expect(try TriggerStore.list(in: bench.view) == bench.list())
        #expect(try bench.run([TriggerStore.remove("mailer")]) == nil)
        #expect(bench.last?.touchedTriggers == true)
        #expect(try bench.run([TriggerStore.remove("mailer")])?.code == .notFound)
        #expect(try bench.list().map(\.definition.name) == ["guardian"])
    }

    @Test func `definitions have only so many bytes in all`() throws {
        let bytes = [mailer, guardian].map { TriggerStore.add($0).body.count }
        var limits = Limits()
        limits.triggerBytes = bytes[0] + bytes[1] - 1
        var bench = TriggerBench(limits: limits)
        #expect(try bench.run([TriggerStore.add(mailer)]) == nil)
        let abort = try bench.run([TriggerStore.add(guardian)])
        #expect(abort?.code == .limitExceeded)
        #expect(abort?.message.contains("\(bytes[0] + bytes[1]) bytes in all") == true)
        #expect(try bench.run([TriggerStore.remove("mailer")]) == nil)
        #expect(try bench.run([TriggerStore.add(guardian)]) == nil)
        limits.triggerBytes += 1
        bench = TriggerBench(limits: limits)
        #expect(try bench.run([TriggerStore.add(mailer), TriggerStore.add(guardian)]) == nil)
    }

    @Test func `there are only so many triggers`() throws {
        var limits = Limits()
        limits.triggers = 1
        var bench = TriggerBench(limits: limits)
        #expect(try bench.run([TriggerStore.add(mailer)]) == nil)
        #expect(try bench.run([TriggerStore.add(guardian)])?.code == .limitExceeded)
    }

    @Test func `what cannot be a trigger is refused before the log`() {
        func code(_ change: (inout TriggerDefinition) -> Void) -> AbortCode? {
            var definition = mailer
            change(&definition)
            do throws(StoreFailure) {
                try TriggerStore().validate(TriggerStore.add(definition))
                return nil
            } catch {
                switch error {
                case .abort(let code, _): return code
                case .engine: return nil
                }
            }
        }
        #expect(code { _ in } == nil)
        for name in ["", "1a", "a b", "a/b", String(repeating: "a", count: 65)] {
            #expect(code { $0.name = name } == .invalidArgument, "\(name)")
        }
        for program in ["", "a/b", "..", ".", "a\0"] {
            #expect(code { $0.program = program } == .invalidArgument, "\(program)")
        }
        #expect(code { $0.kind = .preCommit } == .invalidArgument)
        #expect(code { $0.timeoutMilliseconds = 0 } == .invalidArgument)
        #expect(code { $0.timeoutMilliseconds = 3_600_001 } == .invalidArgument)
        #expect(code { $0.attemptLimit = 1_000_001 } == .invalidArgument)
        #expect(
            code { $0.arguments = Array(repeating: "a", count: 33) } == .malformed)
        #expect(
            code { $0.conditions = [TriggerCondition(.mostChanges(1), message: "")] }
                == .invalidArgument)
    }

    @Test func `cursors go forward, and only of triggers that are there`() throws {
        var bench = TriggerBench()
        try bench.run([TriggerStore.add(mailer)])
        func cursor(_ index: UInt64, _ suspension: String? = nil) -> TriggerCursor {
            TriggerCursor(
                trigger: "mailer", deliveredThrough: LogIndex(index), suspension: suspension)
        }
        try bench.advance(
            cursor(9),
            TriggerCursor(trigger: "gone", deliveredThrough: LogIndex(9), suspension: nil))
        try bench.advance(cursor(7, "late"))
        #expect(try bench.list().map(\.deliveredThrough) == [LogIndex(9)])
        #expect(try bench.list()[0].suspension == nil)
        try bench.advance(cursor(9, "it failed"))
        #expect(try bench.list()[0].suspension == "it failed")
        let suspension = String(repeating: "é", count: TriggerCursor.suspensionBytes / 2)
        try bench.advance(cursor(9, suspension))
        #expect(try bench.list()[0].suspension == suspension)
    }

    @Test func `a suspended trigger is resumed, and the gap before that accepted`() throws {
        var bench = TriggerBench()
        try bench.run([TriggerStore.add(mailer)])
        #expect(try bench.run([TriggerStore.resume("mailer")])?.code == .constraintViolated)
        #expect(try bench.run([TriggerStore.resume("none")])?.code == .notFound)
        try bench.advance(
            TriggerCursor(trigger: "mailer", deliveredThrough: LogIndex(5), suspension: "x"))
        #expect(try bench.run([TriggerStore.resume("mailer")]) == nil)
        let resumed = bench.index
        #expect(bench.last?.touchedTriggers == true)
        try bench.advance(
            TriggerCursor(trigger: "mailer", deliveredThrough: LogIndex(6), suspension: nil))
        #expect(
            try bench.list() == [
                RegisteredTrigger(
                    definition: mailer, deliveredThrough: LogIndex(6), suspension: nil,
                    gapAcceptedThrough: resumed)
            ])
    }

    @Test func `triggers are worded for people`() throws {
        var bench = TriggerBench()
        try bench.run([TriggerStore.add(mailer)])
        let change = try #require(bench.last?.changeSet?.changes.first)
        let text =
            #"{"name":"mailer","kind":"post-commit","stores":["properties"],"#
            + #""key-prefixes":["n/a"],"conditions":[],"program":"mail","arguments":["-s","é"],"#
            + #""timeout":5000,"attempts":3}"#
        #expect(
            bench.registry.describe(change).text
                == #"{"step":0,"store":"triggers","key":"mailer","old":null,"new":"# + text + "}")
        #expect(
            bench.registry.describe(.operation(TriggerStore.add(mailer))).text
                == #"{"store":"triggers","operation":{"operation":"add","trigger":"# + text + "}}")
        #expect(
            TriggerCondition(
                .inRange(.properties, key: "k", lower: -1, upper: 5), message: "m"
            ).json.text
                == #"{"demand":"in-range","store":"properties","key":"k","lower":-1,"upper":5,"message":"m"}"#
        )
        let names = Self.demands.map { TriggerCondition($0, message: "").json.text }
        #expect(Set(names).count == Self.demands.count)
    }
}
