import Codec
import IOCore
import Identifiers
import Logging
import Node
import Properties
import PropertyStorage
import Replication
import Simulation
import Stores
import Testing
import Transactions
import Triggers

/// The duty of a leader beside a whole node, told by hand who leads.
@Suite struct TriggerDutyTests {
    /// Programs that end when the test says so.
    private final class Programs: ProcessRunner {
        final class Program: RunningProcess {
            fileprivate(set) var isKilled = false
            func kill() { isKilled = true }
        }

        private(set) var started: [String] = []
        private var open: [(ProcessResult) -> Void] = []

        func run(
            _ request: ProcessRequest, done: @escaping (ProcessResult) -> Void
        ) -> any RunningProcess {
            started.append(request.environment["LOCKSTEP_TRIGGER"] ?? "")
            open.append(done)
            return Program()
        }

        /// Ends the one that has run the longest.
        func end(_ status: Int) {
            guard !open.isEmpty else { return }
            open.removeFirst()(ProcessResult(ending: .exited(status)))
        }
    }

    private struct Bench {
        let nodes: WholeNodes
        let programs = Programs()
        let duty: TriggerDuty

        /// One node, with triggers of these names and changes for them; its own duty gets nowhere.
        init(
            _ triggers: [String], changes: Int = 1, limits: Limits = RunSettings().limits
        ) throws {
            let nodes = WholeNodes(seed: 7, nodes: 1, limits: limits)
            try #require(nodes.start())
            let process = try #require(nodes.hosts.first?.process)
            nodes.hosts.first?.programFailures.fail(perMille: 1_000, until: .max)
            for name in triggers {
                let trigger = TriggerDefinition(name: name, kind: .postCommit, program: "p")
                try Self.propose([.operation(TriggerStore.add(trigger))], nodes)
            }
            _ = try #require(nodes.write(changes))
            self.nodes = nodes
            duty = TriggerDuty(
                replica: process.daemon.replica, loop: process.loop, processes: programs,
                logger: Logger(label: "duty") { _ in SwiftLogNoOpLogHandler() }, folder: "/p",
                limits: limits, stores: StoreRegistry([PropertyStore(), TriggerStore()]))
        }

        private static func propose(_ steps: [Step], _ nodes: WholeNodes) throws {
            let process = try #require(nodes.hosts.first?.process)
            let record = Record.transaction(Transaction(steps: steps), origin: nil).encoded()
            let isDone = Locked(false)
            let replica = LoopBound(process.daemon.replica, to: process.loop)
            process.loop.turn {
                replica.value.propose(record) { _ in isDone.withLock { $0 = true } }
            }
            try #require(nodes.world.run(milliseconds: 2_000) { isDone.withLock { $0 } })
        }

        /// Runs until so many programs have been started; whether they have in time.
        func started(_ count: Int) -> Bool {
            nodes.world.run(milliseconds: 1_000) { programs.started.count >= count }
        }
    }

    @Test func `a failed run is tried again also when leadership was lost and won`() throws {
        let bench = try Bench(["t"])
        bench.duty.roleChanged(isLeader: true)
        try #require(bench.started(1))
        bench.programs.end(1)
        // The next try is noted for 100 ms later, and is another leadership's by then.
        bench.nodes.world.run(milliseconds: 50)
        bench.duty.roleChanged(isLeader: false)
        bench.duty.roleChanged(isLeader: true)
        try #require(bench.started(2))
        bench.programs.end(1)
        #expect(bench.started(3), "\(bench.programs.started)")
        bench.duty.stop()
    }

    @Test func `programs that are killed count until they have ended`() throws {
        var limits = RunSettings().limits
        limits.triggerPrograms = 2
        let bench = try Bench(["a", "b"], limits: limits)
        bench.duty.roleChanged(isLeader: true)
        try #require(bench.started(2))
        bench.duty.roleChanged(isLeader: false)
        bench.duty.roleChanged(isLeader: true)
        bench.nodes.world.run(milliseconds: 500)
        #expect(bench.programs.started.count == 2)
        bench.programs.end(9)
        try #require(bench.started(3))
        bench.nodes.world.run(milliseconds: 500)
        #expect(bench.programs.started.count == 3)
        bench.programs.end(9)
        #expect(bench.started(4))
        bench.duty.stop()
    }

    @Test func `no more programs run at once than there may be, and each has its turn`() throws {
        var limits = RunSettings().limits
        limits.triggerPrograms = 2
        let bench = try Bench(["a", "b", "c"], changes: 3, limits: limits)
        bench.duty.roleChanged(isLeader: true)
        try #require(bench.started(2))
        bench.nodes.world.run(milliseconds: 500)
        #expect(bench.programs.started.count == 2)
        bench.programs.end(0)
        #expect(bench.started(3))
        // What has ended has more to do, and waits until the others have run.
        #expect(bench.programs.started.sorted() == ["a", "b", "c"])
        bench.programs.end(0)
        #expect(bench.started(4))
        #expect(bench.programs.started.last == bench.programs.started.first)
        bench.duty.stop()
    }
}
