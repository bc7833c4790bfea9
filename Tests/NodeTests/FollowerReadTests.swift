import IOCore
import Lockstep
import Properties
import SCF
import Testing

/// What a handle reads that prefers a follower, on three nodes.
@Suite(.timeLimit(.minutes(10))) struct FollowerReadTests {
    /// How many commits a follower must have answered for.
    ///
    /// One that is late once rests for seconds, which a busy machine may have happen now and then.
    private static let answers = 50
    /// How many answers there must be for each question that it refuses, or answers too late.
    private static let answersPerLapse: UInt64 = 4

    /// A handle that finds the cluster at `endpoints`, and its link.
    private func bound(
        _ endpoints: [Address], preferring node: Address? = nil
    ) throws(Failure) -> (handle: Handle, link: ClusterLink) {
        let link = try ClusterLink(endpoints)
        if let node { link.prefer(node) }
        let handle = try Handle(version: Handle.version) { _ in link }
        try handle.bind { _ in nil }
        return (handle, link)
    }

    @Test func `a follower answers at once what the leader has just committed`() async throws {
        try await LiveCluster.with(nodes: 3) { addresses in
            let client = try LockstepClient(
                configuration: ClientConfiguration(
                    endpoints: addresses.map { Endpoint(host: $0.host, port: $0.port) }))
            defer { client.close() }
            var (isSettled, round) = (false, 0)
            // Where another node led meanwhile, the preferred one may have been the leader.
            while !isSettled, round < 5 {
                round += 1
                let before = try await LiveCluster.leader(client)
                try readCommits(
                    addresses, from: addresses[(before.place + 1) % addresses.count],
                    service: "web\(round)")
                isSettled = try await LiveCluster.leader(client) == before
            }
            #expect(isSettled, "another node led in each round")
        }
    }

    /// Commits by one handle and reads by another, which prefers `node`.
    ///
    /// Until that node has answered often enough, for which the suite's limit is the only one; each answer
    /// must know of the commit, whoever gives it.
    private func readCommits(
        _ addresses: [Address], from node: Address, service: String
    ) throws {
        let (writing, _) = try bound(addresses)
        let (reading, link) = try bound(addresses, preferring: node)
        let (scope, owner, edited) = (Scope(writing), Service(writing), Group(writing))
        try scope.lookUp(Scope.local)
        try scope.addService(service, owner)
        try owner.addGroup("config", type: "application", flags: 0, edited)
        let (transaction, entry, value) = (Transaction(writing), Entry(writing), Value(writing))
        let (otherScope, otherOwner, shown) = (Scope(reading), Service(reading), Group(reading))
        try otherScope.lookUp(Scope.local)
        try otherScope.service(service, otherOwner)
        try otherOwner.group("config", shown)
        let (property, read) = (Property(reading), Value(reading))
        var (number, answered) = (0, 0)
        while answered < Self.answers, !Task.isCancelled {
            number += 1
            try transaction.start(edited)
            try transaction.add(entry, number == 1 ? .new : .change, "number", .count)
            try value.set(.count(UInt64(number)), type: .count)
            try entry.add(value)
            try #require(try transaction.commit())
            let before = link.nearAnswers
            try #require(try shown.update(), "commit \(number) is not known")
            if link.nearAnswers > before { answered += 1 }
            try shown.property("number", property)
            try property.value(read)
            try #require(try read.string() == Array("\(number)".utf8))
            transaction.reset()
            try #require(try edited.update())
        }
        #expect(answered == Self.answers, "of \(number) reads the follower answered \(answered)")
        let (answers, lapses) = (link.nearAnswers, link.nearLapses)
        #expect(
            lapses * Self.answersPerLapse <= answers,
            "the follower has answered \(answers) questions, and not, or too late, \(lapses)")
        writing.destroy()
        reading.destroy()
    }
}
