import Codec
import Testing

@Suite struct ReplicationTermsTests {
    @Test func `the deciding limits of this feature level are these`() {
        // A change here is a change of what records mean: it needs a new feature level.
        #expect(FeatureLevel.current == 8)
        #expect(Limits.standard.checkpointRecords == 4_096)
        let terms = ReplicationTerms(.standard)
        #expect(
            terms.values == [
                4_194_304, 4_096, 2_097_152, 10_000, 10_000, 64, 4_096, 1_048_576, 1_024, 100_000,
                1_024, 262_144, 268_435_456, 31, 1_048_576,
                16_777_216, 268_435_456, 8_388_608,
            ])
    }

    @Test func `terms come back as they were`() throws {
        let terms = ReplicationTerms(.standard)
        var writer = ByteWriter()
        terms.encode(into: &writer)
        #expect(writer.count == 3 + 8 * terms.values.count)
        var reader = ByteReader(writer.take())
        #expect(try ReplicationTerms.decode(&reader) == terms)
        try reader.finish()
        #expect(terms.difference(from: terms) == nil)
    }

    @Test func `more values than any build has are not read`() {
        var reader = ByteReader([1, 0, 65] + [UInt8](repeating: 0, count: 8 * 65))
        #expect(throws: DecodingFailure.self) { try ReplicationTerms.decode(&reader) }
    }

    @Test func `every deciding limit makes a difference of its own`() {
        let standard = ReplicationTerms(.standard)
        for (place, limit) in Limits.standard.deciding.enumerated() {
            var values = standard.values
            values[place] += 1
            let text = standard.difference(from: ReplicationTerms(values: values))
            #expect(
                text == "the limit \(limit.name) is \(limit.value) at this node and "
                    + "\(limit.value + 1) at the other end")
        }
    }
}
