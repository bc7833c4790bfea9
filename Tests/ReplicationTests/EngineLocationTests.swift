import IOCore
import Identifiers
import Replication
import Simulation
import Testing

@Suite struct EngineLocationTests {
    @Test
    func `the engine that a start takes outlives a power cut, though who named it was killed`()
        throws
    {
        var random = SeededGenerator(seed: 1)
        let disk = SimulatedDisk()
        let location = EngineLocation(root: "/engine", fileSystem: disk)
        let first = try location.current()
        let brought = try location.staging(index: 795, nonce: 1)
        try disk.makeDirectory(brought)
        try location.prepare(brought)
        // As `adopt` does, but that the process ends before its sync.
        try disk.rename("/engine/CURRENT.new", to: "/engine/CURRENT")
        disk.crash(.kept, using: &random)
        #expect(try location.current() == brought)
        disk.crash(.none, using: &random)
        #expect(try location.current() == brought)
        #expect(try !disk.exists(first))
    }
}
