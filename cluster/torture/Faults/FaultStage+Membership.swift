import Lockstep

/// Nodes that come and go.
extension FaultStage {
    /// Starts the spare node, adds it as a learner and makes it a voter.
    mutating func join(_ node: Int, _ kind: FaultKind) async throws(TortureFailure) {
        try cluster.start(node)
        try await add(node)
        meet(kind)
    }

    /// Removes it, perhaps adds and removes it once more, and ends it.
    mutating func leave(
        _ node: Int, again: Bool, _ kind: FaultKind
    ) async throws(TortureFailure) {
        try await remove(node)
        if again {
            try await add(node)
            try await remove(node)
            meet(kind)
        }
        await cluster.terminate(node, patience: .seconds(20))
        try await cluster.wipe(node)
    }

    /// Tries a change of members until it is done, or the membership is as it would be.
    private func change(
        _ what: String, isDone: (MemberRole?) -> Bool, of node: Int,
        _ body: () async throws(LockstepError) -> Void
    ) async throws(TortureFailure) {
        let time = Patience(patience, cluster)
        var last = "no answer"
        while !time.isOver, !Interruption.isRequested {
            try cluster.restartPardoned()
            do throws(LockstepError) {
                try await body()
                return
            } catch {
                last = error.description
            }
            if let members = await members(), isDone(members[node]) { return }
            await pause(.milliseconds(200))
        }
        if Interruption.isRequested { return }
        throw TortureFailure("node \(node) could not be \(what) within \(patience): \(last)")
    }

    private func add(_ node: Int) async throws(TortureFailure) {
        let observer = observer
        let network = cluster.plan.network
        try await change("added", isDone: { $0 != nil }, of: node) { () throws(LockstepError) in
            try await observer.addMember(
                UInt64(node), peerAddress: network.peerEndpoint(node),
                clientAddress: network.clientEndpoint(node), timeout: .seconds(5))
        }
        try await change("promoted", isDone: { $0 == .voter }, of: node) {
            () throws(LockstepError) in
            try await observer.promoteMember(UInt64(node), timeout: .seconds(5))
        }
    }

    private func remove(_ node: Int) async throws(TortureFailure) {
        let observer = observer
        try await change("removed", isDone: { $0 == nil }, of: node) { () throws(LockstepError) in
            try await observer.removeMember(UInt64(node), timeout: .seconds(5))
        }
    }

    /// The members as the node sees them that has come furthest; nil if none answers.
    private func members() async -> [Int: MemberRole]? {
        var found: NodeStatus?
        for report in await observer.statusOfAllNodes(timeout: .milliseconds(500)) {
            guard case .success(let status) = report.status, !status.members.isEmpty,
                status.appliedIndex >= found?.appliedIndex ?? 0
            else { continue }
            found = status
        }
        return found.map { status in
            Dictionary(
                status.members.map { (Int($0.node), $0.role) },
                uniquingKeysWith: { first, _ in first })
        }
    }

    /// Waits until a node is a voter with a sound log again.
    func waitForVoter(_ node: Int) async throws(TortureFailure) {
        let time = Patience(patience, cluster)
        var last = "no answer"
        while !time.isOver, !Interruption.isRequested {
            try cluster.restartPardoned()
            do throws(LockstepError) {
                let status = try await observer.status(
                    of: cluster.endpoint(node), timeout: .milliseconds(500))
                let role = await members()?[node]
                let isSound = status.role == .follower || status.role == .leader
                // What is applied is not fetched again; the log keeps it until it is compacted.
                let isWhole = status.damage.allSatisfy { $0.last <= status.appliedIndex }
                if isSound, role == .voter, isWhole { return }
                last = "\(status.role), \(role.map(\.description) ?? "no member"), \(status.notice)"
            } catch {
                last = error.description
            }
            await pause(.milliseconds(100))
        }
        if Interruption.isRequested { return }
        throw TortureFailure("node \(node) is no sound voter within \(patience): \(last)")
    }
}
