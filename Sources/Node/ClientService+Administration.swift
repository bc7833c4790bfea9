import Identifiers
import Replication
import Transactions
import Wire

extension ClientService {
    func administer(_ request: Request, _ answer: @escaping (Response) -> Void) {
        let done: (Result<LogIndex, RequestRefusal>) -> Void = { result in
            switch result {
            case .success(let index): answer(.done(index))
            case .failure(let refusal): answer(.error(refusal.wire))
            }
        }
        switch request {
        case .memberAdd(let node, let peerAddress, let clientAddress):
            let member = Member(
                node: node, incarnation: nil, peerAddress: peerAddress,
                clientAddress: clientAddress)
            replica.addMember(member, done: done)
        case .memberRemove(let node):
            replica.removeMember(node, done: done)
        case .memberPromote(let node):
            replica.promoteMember(node, done: done)
        case .transfer(let target):
            replica.transferLeadership(to: target, done: done)
        case .snapshot:
            snapshot(answer)
        case .verify:
            verify(answer)
        case .logFrames(let from, let count):
            logFrames(from: from, count: Int(min(count, UInt32(LogPage.mostFrames))), answer)
        case .openSession, .submit, .keepAlive, .closeSession, .read, .watch, .watchCredit,
            .watchCancel, .status, .stateDigest:
            preconditionFailure("not an administrator's request: \(request)")
        }
    }

    private func snapshot(_ answer: @escaping (Response) -> Void) {
        let start = replica.now
        replica.snapshotNow { [unowned self] result in
            switch result {
            case .success:
                let report = replica.report()
                answer(
                    .snapshotTaken(
                        applied: report.flushed, firstRetained: report.compacted.next,
                        milliseconds: replica.now.milliseconds(since: start)))
            case .failure(let refusal):
                answer(.error(refusal.wire))
            }
        }
    }

    private func logFrames(
        from: LogIndex, count: Int, _ answer: @escaping (Response) -> Void
    ) {
        replica.logFrames(from: from, count: count) { result in
            switch result {
            case .success(let stretch):
                answer(
                    .logFrames(
                        LogPage(
                            node: stretch.node, term: stretch.term,
                            firstIndex: stretch.firstIndex, lastIndex: stretch.lastIndex,
                            frames: stretch.frames.map(LogFrame.init))))
            case .failure(let refusal):
                answer(.error(refusal.wire))
            }
        }
    }

    private func verify(_ answer: @escaping (Response) -> Void) {
        replica.verifyLog { result in
            switch result {
            case .success(let report):
                answer(
                    .verified(
                        Verification(
                            segments: UInt64(report.segments), frames: report.frames,
                            bytes: report.bytes,
                            problems: Array(
                                report.problems.prefix(Verification.mostProblems)))))
            case .failure(let refusal):
                answer(.error(refusal.wire))
            }
        }
    }
}
