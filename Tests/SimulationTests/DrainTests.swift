import IOCore
import Identifiers
import Node
import Properties
import Replication
import Simulation
import Testing
import Transactions

/// Leaders that are told to stop while they are written to.
@Suite struct DrainTests {
    private func record(_ number: Int) throws -> [UInt8] {
        let path = try #require(PropertyPath("svc:/a/:properties/g\(number)"))
        let commit = GroupCommit(
            path, edits: [], creation: GroupCreation(type: "framework", isPersistent: true))
        return Record.transaction(
            Transaction(steps: [PropertyOperation.commitGroup(commit).step]), origin: nil
        ).encoded()
    }

    /// Drains the leader under load; the time until another one led, milliseconds, and what was
    /// answered.
    private func drain(
        _ nodes: WholeNodes
    ) throws -> (milliseconds: UInt64, answers: [Result<RecordResult, RequestRefusal>]) {
        let host = try #require(nodes.cluster.leader)
        let process = try #require(host.process)
        let term = process.daemon.replica.report().term
        let replica = LoopBound(process.daemon.replica, to: process.loop)
        let answers = Locked<[Result<RecordResult, RequestRefusal>]>([])
        var number = 0
        func load() throws {
            guard host.process != nil else { return }
            number += 1
            let bytes = try record(number)
            process.loop.turn {
                replica.value.propose(bytes) { result in answers.withLock { $0.append(result) } }
            }
            nodes.world.run(milliseconds: 1)
        }
        for _ in 0..<100 { try load() }
        let daemon = LoopBound(process.daemon, to: process.loop)
        process.loop.turn { daemon.value.drain() }
        let began = nodes.world.time
        var next: SimulatedHost?
        while next == nil, nodes.world.time < began + 5_000_000_000 {
            try load()
            next = nodes.hosts.first { $0 !== host && $0.replica?.isLeader == true }
        }
        let took = (nodes.world.time - began) / 1_000_000
        #expect(next?.replica?.report().term == Term(term.rawValue + 1))
        nodes.world.run(milliseconds: 10_000) { host.process == nil }
        #expect(host.process == nil)
        #expect(host.failure == nil)
        #expect(answers.withLock { $0.count } == number)
        return (took, answers.withLock { $0 })
    }

    @Test(arguments: 61...64 as ClosedRange<UInt64>)
    func `a leader that drains hands over, and leaves nobody in doubt`(seed: UInt64) throws {
        let nodes = WholeNodes(seed: seed)
        try #require(nodes.start())
        _ = try #require(nodes.write(5))
        try #require(nodes.settle())
        let (milliseconds, answers) = try drain(nodes)
        // Two heartbeats; an election without being asked takes five at the least.
        #expect(milliseconds <= 60, "seed \(seed)")
        let unknown = answers.filter { $0.failure == .outcomeUnknown }
        #expect(unknown.isEmpty, "seed \(seed): \(unknown.count) of \(answers.count)")
        #expect(answers.contains { $0.failure == nil }, "seed \(seed)")
        #expect(nodes.write(5) != nil, "seed \(seed)")
    }

    @Test(arguments: [true, false])
    func `a leader that drains asks another follower where the first does not answer`(
        isDown: Bool
    ) throws {
        let nodes = WholeNodes(seed: 65)
        try #require(nodes.start())
        try #require(nodes.settle())
        let leader = try #require(nodes.cluster.leader)
        let process = try #require(leader.process)
        // Of two that have all of the log, the lower number is asked first.
        let first = try #require(nodes.hosts.first { $0 !== leader })
        if isDown {
            nodes.cluster.crash(first, .none)
        } else {
            nodes.cluster.fabric.block(leader.name, first.name)
            nodes.cluster.fabric.block(first.name, leader.name)
        }
        let daemon = LoopBound(process.daemon, to: process.loop)
        process.loop.turn { daemon.value.drain() }
        // A transfer is given up after one second, a drain after five.
        nodes.world.run(milliseconds: 2_500) { leader.process == nil }
        #expect(leader.process == nil)
        #expect(nodes.cluster.leader.map { $0 !== leader && $0 !== first } == true)
    }
}

extension Result {
    /// The error; nil for a success.
    fileprivate var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}
