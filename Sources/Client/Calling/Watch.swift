import Codec
import IOCore
package import Identifiers
import Transactions
package import Wire

/// One watch as the loop sees it: where to go on, and on which request it runs.
package final class Watch {
    let number: UInt64
    let template: WatchRequest
    /// When the first answer must be there; those that resume it may take their time.
    let deadline: MonotonicTime
    /// Goes when it stops reading, and the watch with it.
    weak var reader: (any WatchReader)?
    /// The request on the present connection; nil if it has to be sent.
    var request: RequestID?
    /// Where to go on after a lost connection; nil until the cluster has named the start.
    var resume: LogIndex?
    /// A node has taken it.
    var hasStarted: Bool {
        resume != nil
    }

    package init(
        number: UInt64, template: WatchRequest, deadline: MonotonicTime, reader: any WatchReader
    ) {
        self.number = number
        self.template = template
        self.deadline = deadline
        self.reader = reader
    }

    var isRunning: Bool {
        request != nil
    }

    /// The request that begins it or goes on with it.
    func opening() -> WatchRequest {
        var request = template
        if let resume { request.start = .from(resume) }
        request.credit = UInt32(reader?.renewCredit() ?? 0)
        return request
    }
}

extension ClientCore {
    package func begin(_ watch: Watch) {
        watches[watch.number] = watch
        watchDeadline(watch.deadline)
        pump()
    }

    /// Ends the watches that no node has taken in time; the next deadline of one, if there is one.
    func expireWatches(_ now: MonotonicTime) -> MonotonicTime? {
        let unanswered = watches.values.filter { !$0.hasStarted }
        for watch in unanswered where watch.deadline <= now {
            fail(watch, .timedOut(lastFailure: "\(failures)", mayHaveExecuted: false))
        }
        return unanswered.map(\.deadline).filter { $0 > now }.min()
    }

    /// Ends a watch whose reader is gone.
    package func cancelWatch(_ number: UInt64) {
        guard let watch = watches.removeValue(forKey: number) else { return }
        if let request = watch.request, case .ready(let driver) = route {
            driver.send(request, .watchCancel)
        }
    }

    /// The reader has taken change sets out of the buffer: let the node send as many more.
    package func grantCredit(_ number: UInt64) {
        guard let watch = watches[number], let request = watch.request,
            case .ready(let driver) = route
        else { return }
        let credit = watch.reader?.takeReturnedCredit() ?? 0
        if credit > 0 { driver.send(request, .watchCredit(changeSets: UInt32(credit))) }
    }

    func watchAnswered(_ watch: Watch, _ response: Response) {
        // A watch that was cancelled answers until its end.
        guard watches[watch.number] != nil else { return }
        switch response {
        case .watchStarted(let first):
            if watch.resume == nil { watch.resume = first }
        case .changeSets(let through, let sets):
            deliver(sets, through, to: watch)
        case .watchEnded(let end):
            watch.request = nil
            ended(watch, end)
        case .error(let error):
            fail(watch, CallFailure(error))
        case .sessionOpened, .outcome, .done, .readResult, .readAborted, .status, .digest,
            .snapshotTaken, .verified, .logFrames:
            fail(watch, .protocolViolation("an answer of kind \(response.kind) to a watch"))
        }
    }

    private func deliver(_ sets: [[UInt8]], _ through: LogIndex, to watch: Watch) {
        var decoded: [ChangeSet] = []
        decoded.reserveCapacity(sets.count)
        do throws(DecodingFailure) {
            for bytes in sets {
                let set = try coding.changeSet(bytes)
                // What a node repeats after a resumption has been given to the reader before.
                if let resume = watch.resume, set.index < resume { continue }
                decoded.append(set)
            }
        } catch {
            fail(watch, .protocolViolation("change set: \(error)"))
            return
        }
        guard watch.reader?.append(decoded, credits: sets.count) ?? true else {
            fail(watch, .protocolViolation("more change sets than the watch has credit for"))
            return
        }
        watch.resume = max(watch.resume ?? .zero, through.next)
        if decoded.count < sets.count { grantCredit(watch.number) }
    }

    private func ended(_ watch: Watch, _ end: WatchEnd) {
        switch end {
        case .retentionPassed(let first):
            fail(watch, .historyLost(firstRetained: first))
        case .cancelled:
            fail(watch, .outcomeUnknown("the node cancelled the watch"))
        case .followerLost(let text):
            leaveRoute(text, next: nil, wait: .backoff)
        case .stopping:
            leaveRoute("the node is stopping", next: nil, wait: .backoff)
        case .tooSlow(let text):
            leaveRoute(text, next: nil, wait: .backoff)
        }
    }

    private func fail(_ watch: Watch, _ error: CallFailure) {
        if let request = watch.request, case .ready(let driver) = route {
            driver.send(request, .watchCancel)
        }
        watches[watch.number] = nil
        watch.reader?.finish(error)
    }
}
