import Client
import IOCore
import Identifiers
import Wire

extension LockstepClient {
    /// What one node says about itself.
    public func status(
        of endpoint: Endpoint, timeout: Duration? = nil
    ) async throws(LockstepError) -> NodeStatus {
        let response = try await perform(.repeatable(.status), at: endpoint, timeout: timeout)
        guard case .status(let status) = response else { throw unexpected(response) }
        return NodeStatus(status)
    }

    /// What each node of the configuration says about itself, or why it does not, in that order.
    public func statusOfAllNodes(timeout: Duration? = nil) async -> [NodeReport] {
        let endpoints = configuration.endpoints
        return await withTaskGroup(of: (Int, NodeReport).self) { group in
            for (place, endpoint) in endpoints.enumerated() {
                group.addTask {
                    let result: Result<NodeStatus, LockstepError>
                    do throws(LockstepError) {
                        result = .success(try await self.status(of: endpoint, timeout: timeout))
                    } catch {
                        result = .failure(error)
                    }
                    return (place, NodeReport(endpoint: endpoint, status: result))
                }
            }
            var reports: [(Int, NodeReport)] = []
            for await report in group {
                reports.append(report)
            }
            return reports.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Puts a mark into the log and returns the leader's digest of its state there; every node then
    /// knows its own digest of that index.
    public func markDigest(timeout: Duration? = nil) async throws(LockstepError) -> StateDigest {
        try digest(await perform(.repeatable(.stateDigest(at: nil)), timeout: timeout))
    }

    /// The digest of one node's state at a mark, to compare with the other nodes'.
    public func digest(
        of endpoint: Endpoint, at index: UInt64, timeout: Duration? = nil
    ) async throws(LockstepError) -> StateDigest {
        let request = Request.stateDigest(at: LogIndex(index))
        return try digest(
            await perform(.repeatable(request), at: endpoint, timeout: timeout))
    }

    private func digest(_ response: Response) throws(LockstepError) -> StateDigest {
        guard case .digest(let index, let bits) = response else { throw unexpected(response) }
        return StateDigest(index: index.rawValue, digest: "\(bits)")
    }

    /// Adds a node as a learner, which receives the log and does not vote; returns the log index of
    /// the new membership, as do the calls below.
    @discardableResult
    public func addMember(
        _ node: UInt64, peerAddress: Endpoint, clientAddress: Endpoint, timeout: Duration? = nil
    ) async throws(LockstepError) -> UInt64 {
        let request = Request.memberAdd(
            try member(node), peerAddress: "\(Address(peerAddress))",
            clientAddress: "\(Address(clientAddress))")
        return try done(await perform(.once(request), timeout: timeout))
    }

    /// Removes a voter or learner.
    @discardableResult
    public func removeMember(
        _ node: UInt64, timeout: Duration? = nil
    ) async throws(LockstepError) -> UInt64 {
        try done(await perform(.once(.memberRemove(try member(node))), timeout: timeout))
    }

    /// Makes a learner a voter.
    @discardableResult
    public func promoteMember(
        _ node: UInt64, timeout: Duration? = nil
    ) async throws(LockstepError) -> UInt64 {
        try done(await perform(.once(.memberPromote(try member(node))), timeout: timeout))
    }

    /// Moves leadership to a voter, or to the most advanced one.
    public func transferLeadership(
        to node: UInt64? = nil, timeout: Duration? = nil
    ) async throws(LockstepError) {
        var target: NodeID?
        if let node { target = try member(node) }
        _ = try done(await perform(.once(.transfer(to: target)), timeout: timeout))
    }

    /// Makes one node flush its state and compact its log now.
    public func snapshot(
        of endpoint: Endpoint, timeout: Duration? = nil
    ) async throws(LockstepError) -> SnapshotReport {
        let response = try await perform(.repeatable(.snapshot), at: endpoint, timeout: timeout)
        guard case .snapshotTaken(let applied, let first, let milliseconds) = response else {
            throw unexpected(response)
        }
        return SnapshotReport(
            appliedIndex: applied.rawValue, firstRetainedIndex: first.rawValue,
            duration: .milliseconds(Int64(clamping: milliseconds)))
    }

    /// Makes one node read and check its whole log.
    public func verify(
        _ endpoint: Endpoint, timeout: Duration? = nil
    ) async throws(LockstepError) -> VerificationReport {
        let response = try await perform(.repeatable(.verify), at: endpoint, timeout: timeout)
        guard case .verified(let report) = response else { throw unexpected(response) }
        return VerificationReport(
            segments: report.segments, frames: report.frames, bytes: report.bytes,
            problems: report.problems)
    }

    /// Lists up to `count` frames of one node's log from the one with record `first` on; asks as often
    /// as that takes, each time for `timeout` at most.
    public func logFrames(
        of endpoint: Endpoint, from first: UInt64 = 1, count: Int, timeout: Duration? = nil
    ) async throws(LockstepError) -> LogFramesReport {
        guard count >= 0 else { throw .invalidArgument("\(count) frames; ask for 0 or more") }
        var frames: [LogFrameReport] = []
        var next = LogIndex(first)
        while true {
            let wanted = min(count - frames.count, LogPage.mostFrames)
            let request = Request.logFrames(from: next, count: UInt32(wanted))
            let response = try await perform(.repeatable(request), at: endpoint, timeout: timeout)
            guard case .logFrames(let page) = response else { throw unexpected(response) }
            let fresh = page.frames.filter { $0.firstIndex >= next || frames.isEmpty }
            frames += fresh.prefix(wanted).map(LogFrameReport.init)
            guard let last = frames.last, !fresh.isEmpty, frames.count < count,
                last.lastIndex < page.lastIndex.rawValue
            else {
                return LogFramesReport(
                    node: page.node.rawValue, term: page.term.rawValue,
                    firstIndex: page.firstIndex.rawValue, lastIndex: page.lastIndex.rawValue,
                    frames: frames)
            }
            next = LogIndex(last.lastIndex + 1)
        }
    }

    private func done(_ response: Response) throws(LockstepError) -> UInt64 {
        guard case .done(let index) = response else { throw unexpected(response) }
        return index.rawValue
    }

    private func member(_ node: UInt64) throws(LockstepError) -> NodeID {
        guard node != 0 else { throw .invalidArgument("node 0 is nobody; nodes count from 1") }
        return NodeID(node)
    }
}

extension LogFrameReport {
    fileprivate init(_ frame: LogFrame) {
        self.init(
            firstIndex: frame.firstIndex.rawValue, records: UInt64(frame.records),
            term: frame.term.rawValue, kind: "\(frame.kind)",
            storedBytes: UInt64(frame.storedBytes),
            rawBytes: UInt64(frame.rawBytes), digest: "\(frame.digest)")
    }
}
