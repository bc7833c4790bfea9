import IOCore
import KeyValue
import LockstepDaemon
import Replication
import Testing
import WAL

@Suite struct DaemonExitTests {
    @Test func `damage that is found while a node runs ends it as damage`() {
        let file = FileFailure(.other, "write", path: "/x", reason: "input/output error")
        #expect(DaemonExit(.log(.identityMissing(file: "/x", found: "nothing"))) == .damagedData)
        #expect(DaemonExit(.log(.file(file))) == .inputOutput)
        #expect(DaemonExit(.log(.stopped)) == .inputOutput)
        #expect(DaemonExit(ReplicationFailure.inconsistent("x")) == .damagedData)
        #expect(DaemonExit(ReplicationFailure.corruptFrame("x")) == .damagedData)
        #expect(DaemonExit(.engine(EngineFailure("read", reason: "x"))) == .inputOutput)
        #expect(
            DaemonExit(.engine(EngineFailure("read", reason: "x", isDamage: true))) == .damagedData)
    }
}
