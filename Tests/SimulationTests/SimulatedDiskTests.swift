import IOCore
import Identifiers
import Simulation
import Testing

struct SimulatedDiskTests {
    private let disk = SimulatedDisk()

    private func file(_ path: String, holding bytes: [UInt8]) throws -> any File {
        let file = try disk.open(path, .create)
        try file.write([bytes], at: 0)
        try file.sync()
        try disk.syncDirectory("/")
        return file
    }

    private func exists(_ path: String) throws -> Bool {
        try disk.exists(path)
    }

    @Test
    func `a name is there after a crash once its directory was synced`() throws {
        var random = SeededGenerator(seed: 1)
        try disk.makeDirectory("/d")
        try disk.syncDirectory("/")
        let file = try disk.open("/d/a", .create)
        try file.write([[1]], at: 0)
        try file.sync()
        disk.crash(.none, using: &random)
        #expect(try !exists("/d/a"))
        _ = try self.file("/d/b", holding: [1])
        try disk.syncDirectory("/d")
        try disk.rename("/d/b", to: "/d/c")
        disk.crash(.none, using: &random)
        #expect(disk.bytes(of: "/d/b") == [1])
        #expect(try !exists("/d/c"))
        try disk.rename("/d/b", to: "/d/c")
        try disk.syncDirectory("/d")
        try disk.remove("/d/c")
        disk.crash(.none, using: &random)
        #expect(disk.bytes(of: "/d/c") == [1])
    }

    @Test
    func `what a process leaves in memory is there for the next one, and not after a crash`() throws
    {
        var random = SeededGenerator(seed: 1)
        let file = try file("/a", holding: [1, 2])
        try file.write([[3]], at: 1)
        try disk.rename("/a", to: "/b")
        disk.crash(.kept, using: &random)
        #expect(disk.bytes(of: "/b") == [1, 3])
        #expect(disk.counts.keptWrites == 1)
        #expect(disk.durableCopy().bytes(of: "/a") == [1, 2])
        #expect(disk.copy().bytes(of: "/b") == [1, 3])
        disk.crash(.none, using: &random)
        #expect(disk.bytes(of: "/a") == [1, 2])
        #expect(disk.bytes(of: "/b") == nil)
        disk.faults.liesAboutSyncs = true
        try disk.open("/a", .readWrite).write([[4]], at: 0)
        #expect(disk.durableCopy().bytes(of: "/a") == [4, 2])
    }

    @Test
    func `a lost sector cannot be read until it is written again`() throws {
        let file = try file("/a", holding: [UInt8](repeating: 7, count: 5 * 4_096))
        #expect(disk.loseSectors(of: "/a", holding: 4_095..<4_097))
        #expect(throws: FileFailure.self) { try file.read(at: 0, count: 1) }
        #expect(throws: FileFailure.self) { try file.read(at: 8_191, count: 2) }
        #expect(try file.read(at: 8_192, count: 2) == [7, 7])
        #expect(try disk.copy().open("/a", .readOnly).read(at: 8_192, count: 1) == [7])
        #expect(throws: FileFailure.self) {
            try disk.copy().open("/a", .readOnly).read(at: 4_096, count: 1)
        }
        try file.write([[8]], at: 4_096)
        #expect(try file.read(at: 4_096, count: 2) == [8, 7])
        #expect(throws: FileFailure.self) { try file.read(at: 0, count: 1) }
        #expect(disk.refusals.isEmpty)
    }

    @Test
    func `where writes fail, so do changes of names and lengths`() throws {
        try disk.makeDirectory("/d")
        let file = try file("/d/a", holding: [1, 2, 3])
        disk.faults.failsWrites = true
        let changes: [() throws -> Void] = [
            { _ = try disk.open("/d/b", .create) }, { try disk.makeDirectory("/e") },
            { try disk.rename("/d/a", to: "/d/b") }, { try disk.remove("/d/a") },
            { try disk.removeTree("/d") }, { try file.preallocate(10) },
            { try file.truncate(to: 1) },
        ]
        for change in changes { #expect(throws: FileFailure.self) { try change() } }
        #expect(disk.refusals.count == changes.count)
        // These write nothing.
        try disk.makeDirectory("/d")
        try file.preallocate(3)
        disk.faults.failsWrites = false
        #expect(disk.bytes(of: "/d/a") == [1, 2, 3])
        #expect(disk.paths(below: "/") == ["/d/a"])
    }

    @Test
    func `a drive that has lost sectors of a segment answers somewhere in it`() throws {
        let path = "/data/log/segment-1"
        try ["/data", "/data/log"].forEach { try disk.makeDirectory($0) }
        _ = try file(path, holding: [UInt8](repeating: 7, count: 4 * 4_096))
        #expect(disk.loseSectors(of: path, holding: 0..<4_096))
        #expect(disk.loseSectors(of: path, holding: 4_096..<4 * 4_096))
        #expect(try disk.open(path, .readOnly).read(at: 3 * 4_096, count: 1) == [7])
    }

    @Test
    func `a directory whose name was not synced takes what is in it along`() throws {
        var random = SeededGenerator(seed: 1)
        try disk.makeDirectory("/d/e")
        _ = try file("/d/e/a", holding: [1])
        try disk.syncDirectory("/d/e")
        try disk.syncDirectory("/")
        disk.crash(.none, using: &random)
        #expect(try exists("/d"))
        #expect(try !exists("/d/e"))
        #expect(try !exists("/d/e/a"))
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `changes of names in one directory are lost from the last on`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let names = ["/a", "/b", "/c", "/d"]
        for name in names { _ = try disk.open(name, .create) }
        disk.crash(.bytes, using: &random)
        let left = try names.prefix { try exists($0) }
        #expect(try names.dropFirst(left.count).allSatisfy { try !exists($0) })
    }

    @Test
    func `room that was preallocated makes nothing durable`() throws {
        var random = SeededGenerator(seed: 1)
        let file = try file("/a", holding: [1, 2, 3])
        try file.write([[9]], at: 0)
        try file.preallocate(8)
        disk.crash(.none, using: &random)
        #expect(disk.bytes(of: "/a") == [1, 2, 3])
    }

    @Test
    func `what a sync has failed over is not made durable by a later one`() throws {
        var random = SeededGenerator(seed: 1)
        let file = try file("/a", holding: [1, 2, 3])
        try file.write([[9]], at: 0)
        disk.faults.failsSyncs = true
        #expect(throws: FileFailure.self) { try file.sync() }
        disk.faults.failsSyncs = false
        try file.write([[8]], at: 2)
        try file.sync()
        disk.crash(.none, using: &random)
        #expect(disk.bytes(of: "/a") == [1, 2, 8])
    }

    @Test
    func `a write that fails may leave a beginning`() throws {
        let file = try file("/a", holding: [1, 2, 3])
        disk.faults.failsWrites = true
        disk.faults.writeLuck = 2
        #expect(throws: FileFailure.self) { try file.write([[7, 8, 9]], at: 0) }
        #expect(disk.bytes(of: "/a") == [7, 8, 3])
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
        let file = try disk.open("/a", .create)
        try disk.syncDirectory("/")
        disk.faults.liesAboutSyncs = true
        try file.write([[1]], at: 0)
        try file.sync()
        disk.crash(.none, using: &random)
        #expect(disk.bytes(of: "/a") == [])
    }

    @Test
    func `a group slips once the process has opened its data`() throws {
        var random = SeededGenerator(seed: 1)
        try disk.makeDirectory("/data/log")
        let path = "/data/log/segment-1"
        let file = try file(path, holding: [UInt8](repeating: 0, count: 4_096))
        disk.processBegins()
        disk.prepare(.lostWrite, using: &random)
        try file.write([[7]], at: 2_048)
        disk.processHasOpened()
        try file.write([[8]], at: 2_049)
        #expect(disk.bytes(of: path)?[2_048...2_049] == [7, 0])
    }

    @Test
    func `a note of the register of segments may be lost, or be in the other slot`() throws {
        var random = SeededGenerator(seed: 1)
        try disk.makeDirectory("/data")
        let path = "/data/segments"
        let file = try file(path, holding: [UInt8](repeating: 1, count: 8_192))
        disk.prepare(.lostWrite, of: .register, using: &random)
        try file.write([[UInt8](repeating: 2, count: 4_096)], at: 0)
        #expect(disk.bytes(of: path)?.contains(2) == false)
        disk.prepare(.misdirectedWrite, of: .register, using: &random)
        try file.write([[UInt8](repeating: 3, count: 4_096)], at: 0)
        #expect(disk.bytes(of: path)?.count { $0 == 3 } == 4_096)
        disk.prepare(.misdirectedRead, of: .register, using: &random)
        let present = try file.read(at: 0, count: 28)
        #expect(try file.read(at: 0, count: 28) != present)
        #expect(disk.counts.slipsBeside[.register] == 3)
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
