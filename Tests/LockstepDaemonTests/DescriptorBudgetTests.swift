import Testing

import LockstepDaemon

@Suite struct DescriptorBudgetTests {
    @Test func `few descriptors leave fewer connections, never none for the log`() throws {
        let small = try DescriptorBudget(limit: 1_024, wantedConnections: 10_000)
        #expect(small.engineFiles == 256)
        #expect(small.connections == 466)
        let large = try DescriptorBudget(limit: 1 << 20, wantedConnections: 10_000)
        #expect(large.engineFiles == 512)
        #expect(large.connections == 10_000)
    }

    @Test func `too few descriptors are refused with what to do`() throws {
        let failure = #expect(throws: DaemonFailure.self) {
            try DescriptorBudget(limit: 80, wantedConnections: 100)
        }
        #expect(failure?.status == DaemonExit.configuration.rawValue)
        #expect(failure?.text.contains("ulimit -n") == true)
    }
}
