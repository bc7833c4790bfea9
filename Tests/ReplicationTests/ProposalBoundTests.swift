import Codec
import IOCore
import Identifiers
import Replication
import Simulation
import Testing
import Transactions

@Suite struct ProposalBoundTests {
    /// Each record takes its bytes and ten for the frame, which is what its frame is longer by at the most.
    @Test func `what is under way is counted as it is sealed, and never over its bound`() throws {
        let steps = [LetterStore.put("k", [1])]
        let record = Record.transaction(Transaction(steps: steps), origin: nil).encoded()
        var limits = Limits.standard
        limits.pendingProposalBytes = 5 * (record.count + 10)
        let cluster = SimulatedCluster(size: 3, seed: 77, limits: limits)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        #expect(cluster.settle())
        let refusals = Locked<[RequestRefusal]>([])
        let replica = LoopBound(try #require(leader.replica), to: leader.loop)
        for other in cluster.nodes where other !== leader {
            cluster.cut.insert([leader.identifier, other.identifier].sorted())
        }
        for number in 1...7 {
            leader.loop.turn {
                replica.value.propose(record) { result in
                    if case .failure(let refusal) = result {
                        refusals.withLock { $0.append(refusal) }
                    }
                }
            }
            let counted = leader.replica?.inspection().queues.proposalBytes
            #expect(counted == min(number, 5) * (record.count + 10))
        }
        let text = "the leader has too many transactions under way; try again"
        #expect(refusals.withLock { $0 } == [.unavailable(text), .unavailable(text)])
        cluster.cut = []
        cluster.awaitLeader()
        #expect(cluster.settle())
        #expect(leader.replica?.inspection().queues.proposalBytes == 0)
    }
}
