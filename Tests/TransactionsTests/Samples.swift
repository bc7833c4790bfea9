import Codec
import Identifiers
import KeyValue
import Transactions

extension SeededGenerator {
    mutating func bytes(upTo limit: Int) -> [UInt8] {
        (0..<Int.random(in: 0...limit, using: &self)).map { _ in
            UInt8.random(in: 0...255, using: &self)
        }
    }

    mutating func text(upTo limit: Int) -> String {
        let scalars: [Unicode.Scalar] = ["a", "B", "7", "/", "é", "😀", "\n"]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...limit, using: &self) {
            text.append(scalars[Int.random(in: 0..<scalars.count, using: &self)])
        }
        return String(text)
    }

    /// Mostly small numbers, sometimes any.
    mutating func number() -> UInt64 {
        Bool.random(using: &self) ? UInt64.random(in: 0..<300, using: &self) : next()
    }
}

/// Values of every shape, made from a seed.
enum Samples {
    static func transaction(_ random: inout SeededGenerator) -> Transaction {
        Transaction(
            steps: (0..<Int.random(in: 0...4, using: &random)).map { _ in step(&random) },
            expectations: (0..<Int.random(in: 0...3, using: &random)).map { _ in
                expectation(&random)
            },
            properties: properties(&random),
            completionMode: Bool.random(using: &random) ? .individual : .grouped)
    }

    private static func step(_ random: inout SeededGenerator) -> Step {
        guard Int.random(in: 0..<5, using: &random) > 0 else {
            return .abort(reason: random.text(upTo: 10))
        }
        let store = StoreID(rawValue: UInt8.random(in: 1...255, using: &random))
        return .operation(
            Operation(
                store: store, kind: UInt8.random(in: 0...255, using: &random),
                body: random.bytes(upTo: 40)))
    }

    private static func expectation(_ random: inout SeededGenerator) -> Transactions.Expectation {
        let key = random.bytes(upTo: 20)
        switch Int.random(in: 0..<3, using: &random) {
        case 0:
            return .keyAtVersion(
                store: .properties, key: key, version: LogIndex(random.number()))
        case 1:
            return .keyAbsent(store: .spaces, key: key)
        default:
            return .rangeDigest(
                store: .triggers, lower: key, upper: random.bytes(upTo: 20),
                digest: Bits128(high: random.next(), low: random.next()))
        }
    }

    static func properties(_ random: inout SeededGenerator) -> [TransactionProperty] {
        ["author", "comment", "ticket"].prefix(Int.random(in: 0...3, using: &random)).map {
            TransactionProperty(name: $0, value: random.bytes(upTo: 12))
        }
    }

    static func membership(_ random: inout SeededGenerator) -> ClusterMembership {
        let nodes = (1...7).map { NodeID($0) }.filter { _ in Bool.random(using: &random) }
        let split = Int.random(in: 0...nodes.count, using: &random)
        return ClusterMembership(
            founding: FoundingID(random.next()), voters: Array(nodes[..<split]),
            outgoing: nodes.filter { _ in Bool.random(using: &random) },
            learners: Array(nodes[split...]),
            members: nodes.map {
                var member = Member(
                    node: $0,
                    incarnation: Bool.random(using: &random) ? Incarnation(random.next()) : nil,
                    peerAddress: random.text(upTo: 9), clientAddress: random.text(upTo: 9))
                member.isRejoining = Bool.random(using: &random)
                member.replacedMilliseconds = random.number()
                return member
            })
    }

    static func record(_ random: inout SeededGenerator) -> Record {
        switch Int.random(in: 0..<9, using: &random) {
        case 0: return .nothing
        case 1:
            return .openSession(
                timeToLiveMilliseconds: random.number(), description: random.text(upTo: 9))
        case 2: return .touchSession(SessionID(random.number()))
        case 3: return .closeSession(SessionID(random.number()))
        case 4:
            return .expireSessions(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in SessionID(random.number()) })
        case 5: return .membership(membership(&random))
        case 6:
            return .triggerCursors([
                TriggerCursor(
                    trigger: random.text(upTo: 9), deliveredThrough: LogIndex(random.number()),
                    suspension: Bool.random(using: &random) ? random.text(upTo: 9) : nil)
            ])
        case 7: return .digestMark(nonce: random.next())
        default:
            let sequence = UInt64.random(in: 1...1_000, using: &random)
            let origin = Origin(
                session: SessionID(random.number()), sequence: SequenceNumber(sequence),
                acknowledgedThrough: SequenceNumber(UInt64.random(in: 0..<sequence, using: &random))
            )
            return .transaction(
                transaction(&random), origin: Bool.random(using: &random) ? origin : nil)
        }
    }

    static func outcome(_ random: inout SeededGenerator) -> Outcome {
        let index = LogIndex(random.number())
        guard Bool.random(using: &random) else { return .aborted(index: index, abort(&random)) }
        return .committed(
            index: index,
            results: (0..<Int.random(in: 0...4, using: &random)).map { _ in random.bytes(upTo: 9) })
    }

    static func abort(_ random: inout SeededGenerator) -> Abort {
        let codes = AbortCode.allCases
        return Abort(
            step: Bool.random(using: &random) ? Int.random(in: 0..<9, using: &random) : nil,
            code: codes[Int.random(in: 0..<codes.count, using: &random)],
            message: random.text(upTo: 20))
    }

    static func changeSet(_ random: inout SeededGenerator) -> ChangeSet {
        let isAborted = Bool.random(using: &random)
        let changes = (0..<Int.random(in: 0...4, using: &random)).map { step in
            Change(
                step: UInt32(step), store: .properties, key: random.text(upTo: 12),
                old: Bool.random(using: &random) ? random.bytes(upTo: 9) : nil,
                new: Bool.random(using: &random) ? random.bytes(upTo: 9) : nil)
        }
        return ChangeSet(
            index: LogIndex(random.number()), timeMilliseconds: random.number(),
            properties: properties(&random), changes: isAborted ? [] : changes,
            abort: isAborted ? abort(&random) : nil)
    }
}
