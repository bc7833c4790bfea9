import IOCore
import Identifiers
import KeyValue
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

    /// What a flipped or lost bit, a cut, or a loss of `CURRENT` names beside the one engine there is.
    @Test(
        arguments: [
            "engine-1", "engine-", "engine-79", "xngine-0", "engine-795-1\n\n", "",
            "engine-" + String(repeating: "7", count: 249), nil,
        ] as [String?])
    func `no engine is removed where the present one cannot be told`(name: String?) throws {
        let disk = SimulatedDisk()
        let location = EngineLocation(root: "/engine", fileSystem: disk)
        _ = try location.current()
        let brought = try location.staging(index: 795, nonce: 1)
        try location.prepare(brought)
        try location.adopt()
        #expect(try location.current() == brought)
        try disk.remove("/engine/CURRENT")
        if let name {
            let file = try disk.open("/engine/CURRENT", .create)
            try file.write([Array(name.utf8)], at: 0)
            file.close()
        }
        for _ in 0..<2 {
            do {
                let found = try location.current()
                Issue.record("\(found) is taken for the present engine")
            } catch let failure as EngineFailure {
                #expect(failure.isDamage && failure.description.contains("/engine/CURRENT"))
            }
            #expect(throws: EngineFailure.self) { try location.present() }
            #expect(try disk.list("/engine").filter { $0.hasPrefix("engine-") } == ["engine-795-1"])
        }
        if name != nil { try disk.remove("/engine/CURRENT") }
        let file = try disk.open("/engine/CURRENT", .create)
        try file.write([Array("engine-795-1\n".utf8)], at: 0)
        file.close()
        #expect(try location.current() == brought)
    }

    @Test
    func `a start that ended before it named the first engine begins anew`() throws {
        let disk = SimulatedDisk()
        try disk.makeDirectory("/engine")
        try disk.makeDirectory("/engine/engine-0")
        let location = EngineLocation(root: "/engine", fileSystem: disk)
        #expect(try location.current() == "/engine/engine-0")
        #expect(try location.present() == "/engine/engine-0")
    }
}
