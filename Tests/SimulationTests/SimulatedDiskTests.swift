import IOCore
import Simulation
import Testing

struct SimulatedDiskTests {
    private let disk = SimulatedDisk()

    private func file(_ path: String, holding bytes: [UInt8]) throws -> any File {
        let file = try disk.open(path, .create)
        try file.write([bytes], at: 0)
        try file.sync()
        return file
    }

    @Test
    func `what was synced outlives a crash, and what was not does not`() throws {
        var random = SeededGenerator(seed: 1)
        let file = try file("/a", holding: [1, 2, 3])
        try file.write([[9, 9, 9]], at: 0)
        disk.crash(.none, using: &random)
        #expect(disk.bytes(of: "/a") == [1, 2, 3])
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a torn write leaves a beginning of it`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let file = try file("/a", holding: Array(repeating: 1, count: 100))
        try file.write([Array(repeating: 2, count: 100)], at: 0)
        disk.crash(.bytes, using: &random)
        let bytes = try #require(disk.bytes(of: "/a"))
        let written = bytes.prefix { $0 == 2 }.count
        #expect(bytes[written...].allSatisfy { $0 == 1 })
    }

    @Test
    func `a full disk refuses what would grow it, and takes what does not`() throws {
        let file = try file("/a", holding: [1, 2, 3])
        disk.faults.freeBytes = 2
        try file.write([[4, 5]], at: 3)
        #expect(throws: FileFailure.self) { try file.write([[6]], at: 5) }
        try file.write([[7]], at: 0)
        #expect(disk.bytes(of: "/a") == [7, 2, 3, 4, 5])
    }

    @Test
    func `a disk that lies loses what it said was synced`() throws {
        var random = SeededGenerator(seed: 1)
        disk.faults.liesAboutSyncs = true
        let file = try disk.open("/a", .create)
        try file.write([[1]], at: 0)
        try file.sync()
        disk.crash(.none, using: &random)
        #expect(disk.bytes(of: "/a") == [])
    }

    @Test
    func `a lock ends with the process that holds it`() throws {
        var random = SeededGenerator(seed: 1)
        let lock = try disk.lock("/lock")
        #expect(throws: FileFailure.self) { try disk.lock("/lock") }
        disk.crash(.none, using: &random)
        let next = try disk.lock("/lock")
        withExtendedLifetime((lock, next)) {}
    }
}
