import IOCore
import Simulation
import Testing

struct FailureRatesTests {
    /// How a program has ended.
    private final class Ending {
        var result: ProcessResult?
    }

    @Test
    func `of disturbances that overlap the worse counts, each until its own end`() {
        var rates = FailureRates()
        #expect(rates.perMille(at: 0) == 0)
        rates.fail(perMille: 1_000, until: 50)
        rates.fail(perMille: 300, until: 80)
        rates.fail(perMille: 10, until: 20)
        #expect([0, 19, 49].map { rates.perMille(at: $0) } == [1_000, 1_000, 1_000])
        #expect([50, 79, 80].map { rates.perMille(at: $0) } == [300, 300, 0])
    }

    @Test(arguments: [true, false])
    func `programs of a process that starts meanwhile fail too`(isOver: Bool) throws {
        let nodes = WholeNodes(nodes: 1)
        try #require(nodes.start())
        let host = nodes.hosts[0]
        host.programFailures.fail(perMille: 1_000, until: nodes.world.time + 5_000_000_000)
        nodes.crashAll()
        try #require(nodes.start())
        if isOver { nodes.world.run(milliseconds: 5_000) }
        let ending = Ending()
        let request = ProcessRequest(executable: "/triggers/t", timeoutMilliseconds: 1_000)
        host.process?.programs.run(request) { ending.result = $0 }
        nodes.world.run(milliseconds: 10)
        #expect(ending.result?.succeeded == isOver)
    }
}
