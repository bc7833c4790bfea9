import Codec
import IOCore
import Identifiers
import Testing
import WAL

@Suite struct WriteAheadLogTests {
    @Test func `what was written is there after opening again`() throws {
        let fixture = try LogFixture()
        var written = try fixture.append(3)
        written += try fixture.append(2, term: 2, payloadBytes: 400)
        try fixture.log.write(.init(voting: .init(term: Term(3), vote: NodeID(2)), records: []))
        fixture.disk.crash()
        try fixture.reopen()
        #expect(fixture.recovery.frames == written.map(\.header))
        #expect(fixture.recovery.voting == .init(term: Term(3), vote: NodeID(2)))
        #expect(fixture.recovery.lastDigest == written.last?.header.digest)
        #expect(fixture.recovery.damage.isEmpty)
        #expect(fixture.recovery.tornBytes == 0)
        #expect(try fixture.log.frames(from: LogIndex(1), maximumBytes: .max) == written)
    }
}
