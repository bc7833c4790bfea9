import Identifiers
import JSON
import Lockstep
import LockstepCLI
import Testing

/// Documents that were changed at random: each is a transaction or a failure that names its place.
@Suite struct DocumentMutationTests {
    private static let document = """
        {"steps": [
          {"op": "add-group", "path": "svc:/a:b/:properties/g", "group-type": "application",
           "persistent": false},
          {"op": "set", "path": "svc:/a:b/:properties/g/p", "type": "count", "values": [1, "2"],
           "base": "27.1"},
          {"op": "set", "path": "svc:/a/:properties/g/o", "type": "opaque", "values": ["00ff"]},
          {"op": "replace-group", "path": "svc:/a/:properties/h", "group-type": "application",
           "properties": {"t": {"type": "time", "values": ["1.5", "-2.000000001"]}}},
          {"op": "delete", "path": "svc:/a:b"},
          {"op": "add-trigger", "name": "t", "kind": "pre-commit", "stores": ["properties"],
           "conditions": [{"demand": {"require-range": "svc:/a/:properties/g/p=-1..5"},
                           "message": "no"}], "timeout-ms": 30},
          {"op": "abort", "reason": "a trial"}
         ], "expect": [{"path": "svc:/a/:properties/g", "at": 27},
                       {"store": "properties", "key": "0aFF", "absent": true}],
         "notes": {"who": "me"}, "completion": "grouped"}
        """

    /// What stands in documents, and what hardly ever does.
    private static let pieces: [[UInt8]] =
        [
            "\"op\"", "\"set\"", "\"delete\"", "svc:/", ":properties", "null", "{}", "[]", "-1",
            "1e999",
            "18446744073709551616", "\\u0000", "\\ud800", "0x", "..", "=",
            "a", "7", " ", "true",
        ].map { Array($0.utf8) } + [[0], [0xFF], [0xC3], [0x22], [0x7B], [0x5D], [0x2C]]

    @Test(arguments: 1...4)
    func `nothing traps, and what is wrong is told by its place`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let sound = Array(Self.document.utf8)
        _ = try TransactionDocument.read(JSONParser.parse(sound))
        var (read, refused) = (0, 0)
        for _ in 0..<2_000 {
            var bytes = sound
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                let start = Int.random(in: 0..<bytes.count, using: &random)
                let end = min(bytes.count, start + Int.random(in: 0...4, using: &random))
                bytes.replaceSubrange(
                    start..<end, with: Self.pieces.randomElement(using: &random) ?? [])
            }
            guard let document = try? JSONParser.parse(bytes) else { continue }
            do {
                let transaction = try TransactionDocument.read(document)
                // A limit may be passed; nothing else may be wrong with what was read.
                try? transaction.validate()
                read += 1
            } catch {
                #expect(error.path.hasPrefix("$"), "\(error)")
                #expect(!error.message.isEmpty)
                refused += 1
            }
        }
        // Changes that leave a document to be read at all must be among them, of both kinds.
        #expect(read > 20 && refused > 20, "\(read) read, \(refused) refused")
    }
}
