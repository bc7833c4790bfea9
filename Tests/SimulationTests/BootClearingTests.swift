import Codec
import Identifiers
import KeyValue
import Properties
import PropertyStorage
import Replication
import Simulation
import Stores
import Testing
import Transactions

/// Groups that are not persistent, on clusters whose processes start anew.
struct BootClearingTests {
    private let cluster = SimulatedCluster(
        founders: 3, spares: 0, world: World(seed: 11), trace: Trace(keepsLines: false),
        limits: .standard)

    /// Lets the cluster elect, apply, and tell the boots it knows.
    private func settle() {
        cluster.world.run(milliseconds: 3_000)
        #expect(cluster.world.run(milliseconds: 30_000) { cluster.isSettled })
    }

    private func restart(_ number: UInt64) {
        let host = cluster.host(number)
        cluster.crash(host, .none)
        #expect(cluster.start(host) == nil)
    }

    private func add(_ name: String, isPersistent: Bool) throws {
        let path = try #require(PropertyPath("svc:/a/:properties/" + name))
        let commit = GroupCommit(
            path, edits: [],
            creation: GroupCreation(type: "framework", isPersistent: isPersistent))
        let record = Record.transaction(
            Transaction(steps: [PropertyOperation.commitGroup(commit).step]), origin: nil)
        try #require(cluster.leader?.replica).propose(record.encoded()) { _ in }
        settle()
    }

    /// The groups that each running host holds.
    private func groups() throws -> [[String]] {
        try cluster.hosts.filter { $0.replica != nil }.map { host in
            let found = Found()
            let query = PropertyQuery.list(
                .groups(of: try #require(PropertyPath("svc:/a")), id: nil), page: .init())
            try #require(host.replica).query(.local) { engine throws(EngineFailure) in
                do throws(StoreFailure) {
                    return try PropertyStore().read(
                        kind: query.kind, body: query.body, from: engine)
                } catch {
                    throw EngineFailure("list groups", reason: "\(error)")
                }
            } done: { result in
                found.names = (try? PropertyListing(result.get()))?.entries.map(\.name)
            }
            cluster.world.run(milliseconds: 1_000) { found.names != nil }
            return try #require(found.names)
        }
    }

    private final class Found: @unchecked Sendable {
        var names: [String]?
    }

    @Test func `they go with the last of the starts, on every node`() throws {
        defer { cluster.end() }
        for host in cluster.hosts { #expect(cluster.start(host) == nil) }
        settle()
        try add("keep", isPersistent: true)
        try add("drop", isPersistent: false)
        for number: UInt64 in [2, 3, 2] {
            restart(number)
            settle()
            #expect(try groups() == Array(repeating: ["drop", "keep"], count: 3))
        }
        restart(1)
        settle()
        #expect(try groups() == Array(repeating: ["keep"], count: 3))
        try add("young", isPersistent: false)
        restart(2)
        settle()
        #expect(try groups() == Array(repeating: ["keep", "young"], count: 3))
    }

    @Test func `they go when all start at once, and not where one is left out`() throws {
        defer { cluster.end() }
        for host in cluster.hosts { #expect(cluster.start(host) == nil) }
        settle()
        try add("drop", isPersistent: false)
        for host in cluster.hosts { cluster.crash(host, .none) }
        for host in cluster.hosts.dropFirst() { #expect(cluster.start(host) == nil) }
        cluster.world.run(milliseconds: 10_000)
        #expect(try groups() == Array(repeating: ["drop"], count: 2))
        #expect(cluster.start(cluster.host(1)) == nil)
        settle()
        #expect(try groups() == Array(repeating: [], count: 3))
    }
}
