import Codec
import Identifiers
import Testing
import Transactions
import Wire

@Suite struct MessageTests {
    /// Length, kind, request id and body in hexadecimal, parted by spaces.
    static func text(_ bytes: [UInt8]) -> String {
        let parts = [bytes[0..<4], bytes[4..<5], bytes[5..<9], bytes[9...]]
        return parts.filter { !$0.isEmpty }.map { part in
            part.map { byte in
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
        }.joined(separator: " ")
    }

    static func encode(_ request: Request) -> [UInt8] {
        var writer = ByteWriter()
        request.encode(Samples.identifier, into: &writer)
        return writer.take()
    }

    static func encode(_ response: Response) -> [UInt8] {
        var writer = ByteWriter()
        response.encode(Samples.identifier, into: &writer)
        return writer.take()
    }

    static func decodeRequest(
        _ bytes: [UInt8], limits: Limits = .standard
    ) throws(DecodingFailure) -> Request {
        var reader = ByteReader(bytes, in: 9..<bytes.count)
        return try Request.decode(kind: bytes[4], &reader, limits: limits)
    }

    static func decodeResponse(
        _ bytes: [UInt8], limits: Limits = .standard
    ) throws(DecodingFailure) -> Response {
        var reader = ByteReader(bytes, in: 9..<bytes.count)
        return try Response.decode(kind: bytes[4], &reader, limits: limits)
    }

    @Test func `every request has its golden bytes and comes back from them`() throws {
        for (place, (request, golden)) in Samples.requests.enumerated() {
            let bytes = Self.encode(request)
            #expect(Self.text(bytes) == golden, "requests \(place) \(Self.text(bytes))")
            #expect(try Self.decodeRequest(bytes) == request)
        }
    }

    @Test func `what only a newer node knows does not hide the rest of its status`() throws {
        var status = Samples.status
        status.role = .unknown(9)
        status.disk = .unknown(4)
        status.members[0].role = .unknown(255)
        status.triggers[0].state = .unknown(3, "resting")
        for reply in [status, Samples.status] {
            let bytes = Self.encode(Response.status(reply))
            #expect(try Self.decodeResponse(bytes) == .status(reply))
        }
        var bytes = Self.encode(Response.status(status))
        // Length, kind, request id, node, incarnation and cluster stand before the role.
        let place = 9 + 1 + 8 + 16
        #expect(bytes[place] == 9 && bytes[place + 1] == 4)
        bytes[place + 1] = 3
        status.disk = .noDescriptors
        #expect(try Self.decodeResponse(bytes) == .status(status))
    }

    @Test func `every response has its golden bytes and comes back from them`() throws {
        for (place, (response, golden)) in Samples.responses.enumerated() {
            let bytes = Self.encode(response)
            #expect(Self.text(bytes) == golden, "responses \(place) \(Self.text(bytes))")
            #expect(try Self.decodeResponse(bytes) == response)
        }
    }

    @Test func `no message can be cut short or made longer`() {
        for bytes in Samples.requests.map({ Self.encode($0.0) }) {
            for count in 9..<bytes.count {
                #expect(throws: DecodingFailure.self) {
                    try Self.decodeRequest(Array(bytes[..<count]))
                }
            }
            #expect(throws: DecodingFailure.self) { try Self.decodeRequest(bytes + [0]) }
        }
        for bytes in Samples.responses.map({ Self.encode($0.0) }) {
            for count in 9..<bytes.count {
                #expect(throws: DecodingFailure.self) {
                    try Self.decodeResponse(Array(bytes[..<count]))
                }
            }
            #expect(throws: DecodingFailure.self) { try Self.decodeResponse(bytes + [0]) }
        }
    }

    /// What decodes from damaged bytes means what its own encoding means.
    @Test(arguments: [1, 2, 3, UInt64.random(in: 4...UInt64.max)])
    func `damaged messages are refused or mean what they say`(seed: UInt64) throws {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let originals =
            Samples.requests.map { Self.encode($0.0) }
            + Samples.responses.map { Self.encode($0.0) }
        var understood = 0
        for _ in 0..<20_000 {
            var bytes = originals[Int.random(in: 0..<originals.count, using: &generator)]
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 4..<bytes.count, using: &generator)
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
            }
            if let request = try? Self.decodeRequest(bytes) {
                #expect(try Self.decodeRequest(Self.encode(request)) == request)
                understood += 1
            }
            if let response = try? Self.decodeResponse(bytes) {
                #expect(try Self.decodeResponse(Self.encode(response)) == response)
                understood += 1
            }
        }
        #expect(understood > 0)
    }

    @Test func `a length is bounded before what it announces is there`() {
        var limits = Limits()
        limits.transactionBytes = 2
        let submit = Self.encode(Samples.requests[1].0)
        #expect(throws: DecodingFailure.self) {
            try Self.decodeRequest(submit, limits: limits)
        }
        limits.transactionBytes = 3
        #expect(throws: Never.self) { try Self.decodeRequest(submit, limits: limits) }
    }

    @Test func `a transaction that acknowledges itself is refused`() {
        let origin = Origin(
            session: SessionID(1), sequence: SequenceNumber(3),
            acknowledgedThrough: SequenceNumber(3))
        let bytes = Self.encode(
            .submit(Submission(origin: origin, wantsChanges: false, transaction: [])))
        #expect(throws: DecodingFailure.self) { try Self.decodeRequest(bytes) }
    }

    @Test func `long texts are cut between characters`() throws {
        let text = String(repeating: "é", count: 100_000)
        let bytes = Self.encode(.error(.interrupted(reason: text)))
        guard case .error(.interrupted(let cut)) = try Self.decodeResponse(bytes) else {
            Issue.record("another response")
            return
        }
        #expect(cut.utf8.count == 65_536)
        #expect(text.hasPrefix(cut))
    }

    @Test func `an error says what to do next`() {
        let hint = RequestError.notLeader(node: NodeID(2), clientAddress: "h:1")
        #expect(hint.description == "this node does not lead; node 2 at h:1 does")
        #expect(
            RequestError.sessionExpired(SessionID(7)).description
                == "session 7 has expired, outcome of earlier tries unknown; open a new one")
    }

    @Test func `a watch lets through what its filter names`() {
        func set(_ key: String, _ store: StoreID) -> ChangeSet {
            let change = Change(step: 0, store: store, key: key, old: nil, new: [1])
            return ChangeSet(
                index: LogIndex(1), timeMilliseconds: 0, properties: [], changes: [change],
                abort: nil)
        }
        var watch = WatchRequest(
            start: .now, stores: [.properties], keyPrefixes: ["a/"], credit: 1)
        #expect(watch.filtered(set("a/b", .properties)) == set("a/b", .properties))
        #expect(watch.filtered(set("a/b", .spaces)) == nil)
        #expect(watch.filtered(set("b/a/", .properties)) == nil)
        let aborted = ChangeSet(
            index: LogIndex(1), timeMilliseconds: 0, properties: [], changes: [],
            abort: Abort(step: 0, code: .vetoed, message: "no"))
        #expect(watch.filtered(aborted) == nil)
        watch.includesAborted = true
        #expect(watch.filtered(aborted) == aborted)
    }
}
