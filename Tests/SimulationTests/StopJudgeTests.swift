import IOCore
import Replication
import Simulation
import Testing
import WAL

struct StopJudgeTests {
    private let disk = SimulatedDisk()

    private func failure(_ operation: String, _ path: String) -> FileFailure {
        FileFailure(.other, operation, path: path, reason: "Input/output error")
    }

    /// Has the disk refuse one sync of `/log`.
    private func refuseSync() throws {
        let file = try disk.open("/log", .create)
        try file.write([[1]], at: 0)
        disk.faults.failsSyncs = true
        #expect(throws: FileFailure.self) { try file.sync() }
        disk.faults.failsSyncs = false
    }

    @Test
    func `a stop is explained by what the disk has refused, and by nothing else`() throws {
        try refuseSync()
        let judge = StopJudge(disk)
        #expect(judge.explains(ReplicationFailure.log(.file(failure("fdatasync", "/log")))))
        #expect(judge.explains(WALFailure.file(failure("fdatasync", "/log"))))
        #expect(!judge.explains(ReplicationFailure.log(.file(failure("fdatasync", "/other")))))
        #expect(!judge.explains(ReplicationFailure.log(.file(failure("pwritev", "/log")))))
        #expect(!judge.explains(ReplicationFailure.corruptFrame("frame 7 of term 2")))
        #expect(!judge.explains(WALFailure.diskFull(directory: "/", neededBytes: 1)))
    }

    @Test
    func `what an earlier process was refused explains nothing`() throws {
        try refuseSync()
        disk.processBegins()
        let judge = StopJudge(disk)
        #expect(!judge.explains(ReplicationFailure.log(.file(failure("fdatasync", "/log")))))
        #expect(!judge.explains(ReplicationFailure.log(.stopped)))
    }

    @Test
    func `a full disk explains that there was no room`() throws {
        let file = try disk.open("/log", .create)
        disk.faults.freeBytes = 0
        #expect(throws: FileFailure.self) { try file.write([[1]], at: 0) }
        let judge = StopJudge(disk)
        #expect(judge.explains(WALFailure.diskFull(directory: "/", neededBytes: 1)))
        #expect(!judge.explains(WALFailure.segmentMissing(file: "/log")))
    }

    @Test
    func `a cluster is not settled while a member is down`() throws {
        let nodes = WholeNodes()
        try #require(nodes.start())
        try #require(nodes.write(3) != nil)
        try #require(nodes.settle())
        #expect(nodes.cluster.isSettled)
        let host = try #require(nodes.hosts.first { $0.number != nodes.cluster.leader?.number })
        nodes.cluster.crash(host, .none)
        #expect(!nodes.cluster.isSettled)
    }
}
