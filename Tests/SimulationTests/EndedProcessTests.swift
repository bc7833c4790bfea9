import Node
import Simulation
import Testing

struct EndedProcessTests {
    @Test
    func `nothing is kept of a process that has ended, whatever waited for an answer`() throws {
        let nodes = WholeNodes()
        try #require(nodes.start())
        let leader = try #require(nodes.cluster.leader)
        // A write waits for others that do not answer any more, and what it will be told holds the node.
        for host in nodes.hosts where host !== leader { nodes.cluster.crash(host) }
        weak let daemon = leader.process?.daemon
        nodes.cluster.write("waits") { [held = leader.process?.daemon] _ in
            withExtendedLifetime(held) {}
        }
        nodes.world.run(milliseconds: 5)
        #expect(daemon != nil)
        nodes.cluster.crash(leader)
        nodes.world.run(milliseconds: 5_000)
        #expect(daemon == nil)
    }
}
