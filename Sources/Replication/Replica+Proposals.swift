import Codec
import Compression
import IOCore
import Identifiers
import Raft
import Transactions

extension Replica {
    /// Proposes one encoded record; `done` is called once, on the loop, when it has been applied
    /// here or its fate is out of this node's hands.
    ///
    /// - Parameter isQuick: whether to apply it takes little time, but for the checkpoint that it may
    ///   bring: then the loop may do it.
    package func propose(
        _ record: [UInt8], isQuick: Bool = false,
        done: @escaping (Result<RecordResult, RequestRefusal>) -> Void
    ) {
        if let refusal = proposalRefusal(bytes: record.count) {
            done(.failure(refusal))
            return
        }
        let counted = record.count + WaitingRecord.framingBytes
        waiting.append(
            WaitingRecord(bytes: record, countedBytes: counted, isQuick: isQuick, done: done))
        waitingBytes += counted
    }

    /// What a record may add to the transaction in it: kind, session and sequence numbers.
    private static let originBytes = 64

    private func proposalRefusal(bytes: Int) -> RequestRefusal? {
        guard !isStopped else { return .unavailable("the node is stopping") }
        guard isLeader else { return .notLeader(leaderHint) }
        guard !isLogFull, !isEngineFull else {
            return .unavailable(
                lacksDescriptors
                    ? "the leader has no file descriptors left; raise its limit of open files"
                    : "the leader's disk is full; free some space on it")
        }
        guard raft.canServeProposals else {
            return .unavailable("leadership is being handed over; try again in a moment")
        }
        let limit = settings.limits.frameBytes / 2 + Self.originBytes
        guard bytes <= limit else {
            return .refused(
                .invalidArgument, "a record of \(bytes) bytes is over the limit of \(limit)")
        }
        let underWay = waitingBytes + sealedBytes + bytes + WaitingRecord.framingBytes
        guard underWay <= settings.limits.pendingProposalBytes else {
            return .unavailable("the leader has too many transactions under way; try again")
        }
        return nil
    }

    /// Seals what waits into frames, as many as may be uncommitted at a time.
    func sealWaiting() {
        guard !waiting.isEmpty, isLeader, raft.canServeProposals else { return }
        while !waiting.isEmpty, uncommittedFrames < settings.limits.uncommittedFrames {
            sealNext()
        }
    }

    private var uncommittedFrames: Int {
        let commit = raft.commitIndex
        return sealed.reversed().prefix { $0.lastIndex > commit }.count
    }

    private func sealNext() {
        var payload = FramePayload.Writer(timeMilliseconds: stamp())
        var done: [(Result<RecordResult, RequestRefusal>) -> Void] = []
        var count = 0
        var counted = 0
        var isQuick = true
        for record in waiting {
            guard count < settings.limits.frameRecords,
                count == 0
                    || payload.byteCount + record.bytes.count + WaitingRecord.framingBytes
                        <= settings.limits.frameBytes
            else { break }
            payload.append(record.bytes)
            done.append(record.done)
            isQuick = isQuick && record.isQuick
            counted += record.countedBytes
            count += 1
        }
        waiting.removeFirst(count)
        waitingBytes -= counted
        propose(
            kind: .entries, payload.take(), countedBytes: counted, done: done, membership: nil,
            isQuick: isQuick)
    }

    func stamp() -> UInt64 {
        clock.stamp(now: loop.now)
    }

    private func propose(
        kind: FrameKind, _ raw: [UInt8], countedBytes: Int = 0,
        done: [(Result<RecordResult, RequestRefusal>) -> Void], membership: Membership?,
        isQuick: Bool = false, endsChange: Bool = false
    ) {
        let frame = sealer.seal(
            kind: kind, term: raft.term, firstIndex: raft.lastPosition.index.next,
            count: UInt32(done.count), raw: raw, previous: lastDigest)
        let descriptor = FrameDescriptor(
            firstIndex: frame.header.firstIndex, count: frame.header.count,
            term: frame.header.term, byteCount: UInt32(frame.bytes.count), membership: membership)
        sealed.append(
            SealedProposals(
                firstIndex: descriptor.firstIndex, lastIndex: descriptor.lastIndex,
                byteCount: countedBytes, done: done,
                isQuick: isQuick, endsChange: endsChange))
        sealedBytes += countedBytes
        proposal = frame
        step(.propose(descriptor))
        proposal = nil
        guard raft.lastPosition.index < descriptor.firstIndex, let refused = sealed.popLast() else {
            return
        }
        sealedBytes -= refused.byteCount
        refused.done.forEach { $0(.failure(describe(.transferInProgress))) }
    }

    /// Seals the membership that the core asks for.
    func sealMembership(_ core: Membership) {
        let next = newestMembership.rearranged(as: core, adding: newMembers)
        var payload = FramePayload.Writer(timeMilliseconds: stamp())
        payload.append(Record.membership(next).encoded())
        let finish: (Result<RecordResult, RequestRefusal>) -> Void = { [unowned self] result in
            guard !core.isJoint else { return }
            switch result {
            case .success: finishAdministration(.success(position.index))
            case .failure(let refusal): finishAdministration(.failure(refusal))
            }
        }
        propose(
            kind: .membership, payload.take(), done: [finish], membership: core,
            endsChange: !core.isJoint)
    }

    /// Proposes a membership that changes nothing that the core knows of.
    func propose(_ next: ClusterMembership) {
        var payload = FramePayload.Writer(timeMilliseconds: stamp())
        payload.append(Record.membership(next).encoded())
        propose(
            kind: .membership, payload.take(), done: [{ _ in }], membership: next.core)
    }

    /// Answers the records of a frame that has been applied.
    func answer(_ frame: AppliedFrame) {
        while let first = sealed.first, first.firstIndex < frame.firstIndex {
            sealed.removeFirst()
            sealedBytes -= first.byteCount
            first.done.forEach { $0(.failure(.outcomeUnknown)) }
        }
        guard let first = sealed.first, first.firstIndex == frame.firstIndex else { return }
        sealed.removeFirst()
        sealedBytes -= first.byteCount
        for (done, result) in zip(first.done, frame.results) {
            done(.success(result))
        }
    }

    /// A snapshot has brought the effects of frames up to `index`, and their outcomes with sessions
    /// alone.
    func forgetProposals(through index: LogIndex) {
        while let first = sealed.first, first.lastIndex <= index {
            sealed.removeFirst()
            sealedBytes -= first.byteCount
            first.done.forEach { $0(.failure(.outcomeUnknown)) }
        }
    }

    /// Frames after `index` are gone: another leader has put others in their place.
    func forgetProposals(after index: LogIndex) {
        while let last = sealed.last, last.lastIndex > index {
            sealed.removeLast()
            sealedBytes -= last.byteCount
            last.done.forEach { $0(.failure(.outcomeUnknown)) }
        }
    }

    /// Leadership is lost: nothing that only waits was executed, what is committed is answered when it
    /// has been applied, and of the rest that was sealed nobody can tell.
    func leadershipLost() {
        failWaiting(keepingThrough: raft.commitIndex)
    }

    private func failWaiting(keepingThrough index: LogIndex) {
        let unsealed = waiting
        waiting = []
        waitingBytes = 0
        let hint = leaderHint
        unsealed.forEach { $0.done(.failure(.notLeader(hint))) }
        forgetProposals(after: index)
        if transfer == nil || isStopped, !sealed.contains(where: \.endsChange) {
            finishAdministration(.failure(.outcomeUnknown))
        }
    }

    func failEverything(_ refusal: RequestRefusal) {
        failWaiting(keepingThrough: .zero)
        let reads =
            gatheredReads + confirmingReads.sorted { $0.key < $1.key }.flatMap(\.value)
            + readsAwaitingApply.map(\.read)
        gatheredReads = []
        confirmingReads = [:]
        readsAwaitingApply = []
        reads.forEach { $0.fail(refusal) }
        let waiters = digestWaiters.sorted { $0.key < $1.key }
        digestWaiters = [:]
        waiters.forEach { $0.value(.failure(refusal)) }
        endVerification(.failure(refusal))
    }
}
