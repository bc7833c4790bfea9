import Identifiers
import SCF
import Testing

struct KnownIndexTests {
    private func cluster(_ number: UInt64) -> ClusterID {
        ClusterID(Bits128(high: 0x6b6e_6f77, low: number))
    }

    @Test func `each cluster has one of its own`() {
        let one = KnownIndex.of(cluster(1))
        #expect(KnownIndex.of(cluster(1)) === one)
        #expect(KnownIndex.of(cluster(2)) !== one)
        #expect(KnownIndex.of(nil) !== one)
        #expect(KnownIndex.of(nil) === KnownIndex.of(nil))
    }
}
