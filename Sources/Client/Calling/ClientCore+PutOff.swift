import IOCore
import Identifiers

/// The reads of one connection that its node has no room for, and those that came after them.
///
/// While there are any, no other linearizable read is sent on that connection: who came first goes
/// first. One is tried again after a wait that grows with each refusal; where it is served, each
/// that is served lets two more go, until the next refusal. During the wait after that, each lets
/// one go, in its place.
struct PutOffReads {
    /// How long a node may refuse reads and serve none before another one is looked for, and how long
    /// ago a refusal is another matter.
    static let patienceMilliseconds: UInt64 = 3_000

    /// In order of arrival; some may have been given up.
    var queue = CallQueue()
    /// Runs from a refusal to the next try.
    var timer: TimerID?
    var backoff: Backoff
    /// How many may be sent now.
    var allowed = 0
    /// What the node has said last, for the error of one that runs out of time.
    var reason = ""
    /// The first refusal since a read was served.
    var since: MonotonicTime?
    /// The last refusal.
    var refusedAt: MonotonicTime?
    /// How many were refused, on all connections.
    var refusals = 0
}

extension ClientCore {
    /// How many reads were refused for want of room, and put off.
    package var readsPutOff: Int { putOffReads.refusals }

    /// Keeps a read that the node has no room for until there may be some.
    ///
    /// Returns false where it is to be looked for elsewhere: no read has been served here for long, and
    /// none is under way.
    func putOff(_ call: Call, _ reason: String, over driver: ConnectionDriver) -> Bool {
        guard call.isLinearizableRead else { return false }
        call.lacksRoom = true
        putOffReads.reason = "\(driver.address) has no room for the read: \(reason)"
        let now = loop.now
        let patience = PutOffReads.patienceMilliseconds
        if let last = putOffReads.refusedAt, now.milliseconds(since: last) >= patience {
            putOffReads.since = nil
            putOffReads.backoff.reset()
        }
        let since = putOffReads.since ?? now
        guard now.milliseconds(since: since) < patience || isReadUnderWay else { return false }
        putOffReads.since = since
        putOffReads.refusedAt = now
        putOffReads.refusals += 1
        putOffReads.allowed = 0
        call.sends -= 1
        if calls[call.number] != nil { queueBehind(call) }
        guard putOffReads.timer == nil else { return true }
        let wait = putOffReads.backoff.next(randomBits: loop.randomBits())
        let bound = LoopBound(self, to: loop)
        putOffReads.timer = loop.schedule(at: now.advanced(milliseconds: wait)) {
            let core = bound.value
            core.putOffReads.timer = nil
            core.putOffReads.allowed = max(core.putOffReads.allowed, 1)
            core.pump()
        }
        return true
    }

    private var isReadUnderWay: Bool {
        sent.values.contains { entry in
            if case .call(let call) = entry { call.isLinearizableRead } else { false }
        }
    }

    /// Puts a read at its place among those that wait for room.
    func queueBehind(_ read: Call) {
        read.isPutOff = true
        read.lacksRoom = true
        read.lastFailure = putOffReads.reason
        putOffReads.queue.insert(read)
    }

    /// One was served, so there is room for another.
    func readServed() {
        putOffReads.backoff.reset()
        putOffReads.since = nil
        guard !putOffReads.queue.isEmpty else { return }
        putOffReads.allowed += putOffReads.timer == nil ? 2 : 1
    }

    /// Takes the next that may be sent now.
    func takePutOff() -> Call? {
        while let read = putOffReads.queue.first {
            guard calls[read.number] != nil else {
                _ = putOffReads.queue.removeFirst()
                continue
            }
            guard putOffReads.allowed > 0 else { return nil }
            putOffReads.allowed -= 1
            read.isPutOff = false
            return putOffReads.queue.removeFirst()
        }
        putOffReads.allowed = 0
        return nil
    }

    /// Ends the waiting on this connection; returns those that waited.
    func endPutOff() -> [Call] {
        if let timer = putOffReads.timer { loop.cancel(timer) }
        let reads = putOffReads.queue.filter { calls[$0.number] != nil }
        for read in reads { read.isPutOff = false }
        putOffReads.queue = CallQueue()
        putOffReads.timer = nil
        putOffReads.allowed = 0
        putOffReads.since = nil
        putOffReads.refusedAt = nil
        putOffReads.backoff.reset()
        return reads
    }
}
