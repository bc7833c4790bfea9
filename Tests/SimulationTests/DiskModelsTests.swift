import Codec
import Identifiers
import Simulation
import Testing

struct DiskModelsTests {
    @Test
    func `a new directory does not hold what the lost one of its host held`() {
        let models = DiskModels()
        let lost = DiskModels.Disk(1, Incarnation(1_000))
        let new = DiskModels.Disk(1, Incarnation(1_001))
        models.begins(lost, start: LogIndex(10), [])
        models.begins(new, start: LogIndex(2), [])
        #expect(models.holds(lost, LogIndex(7), ChainDigest.empty))
        #expect(!models.holds(new, LogIndex(7), ChainDigest.empty))
        #expect(models.holds(new, LogIndex(2), ChainDigest.empty))
    }

    @Test
    func `where the engine holds all before the log, what is committed ends there`() {
        let models = DiskModels()
        let disk = DiskModels.Disk(1, Incarnation(1_000))
        #expect(models.lastCommitted(disk, through: LogIndex(20)) == .zero)
        models.begins(disk, start: LogIndex(10), [])
        #expect(models.lastCommitted(disk, through: LogIndex(20)) == LogIndex(10))
        #expect(models.lastCommitted(disk, through: LogIndex(7)) == LogIndex(7))
    }
}
