import Codec
import IOCore
import Identifiers
import Transactions
import Wire

extension ClientCore {
    /// Sends what can be sent now.
    func pump() {
        connectIfNeeded()
        guard case .ready(let driver) = route else { return }
        var batch: [(RequestID, Request)] = []
        startWatches(into: &batch)
        while let call = resending.first {
            _ = resending.removeFirst()
            if calls[call.number] != nil { put(call, into: &batch) }
        }
        while hasWindow, let read = takePutOff() { put(read, into: &batch) }
        sendWaiting(into: &batch)
        driver.send(batch)
    }

    private var hasWindow: Bool {
        sent.count < settings.limits.requestsPerConnection / 2
    }

    private func sendWaiting(into batch: inout [(RequestID, Request)]) {
        var held: [Call] = []
        while let call = waiting.first {
            guard hasWindow else { break }
            if calls[call.number] == nil {
                _ = waiting.removeFirst()
                continue
            }
            guard call.isSubmission else {
                let next = waiting.removeFirst()
                if next.isLinearizableRead, !putOffReads.queue.isEmpty {
                    queueBehind(next)
                } else {
                    put(next, into: &batch)
                }
                continue
            }
            guard let session else {
                openSession(into: &batch)
                held.append(waiting.removeFirst())
                continue
            }
            guard roomless.isEmpty, session.windowUsed < settings.pipelineWindow else {
                held.append(waiting.removeFirst())
                continue
            }
            call.place = (session, session.takeSequence())
            put(waiting.removeFirst(), into: &batch)
        }
        if !held.isEmpty { waiting = CallQueue(held + Array(waiting)) }
    }

    /// What is told of a call that was sent, and neither answered nor refused.
    private var lackOfAnswer: String {
        guard case .ready(let driver) = route else { return "no answer has come" }
        return "\(driver.address) has not answered"
    }

    private func put(_ call: Call, into batch: inout [(RequestID, Request)]) {
        let identifier = takeRequest()
        call.sends += 1
        sent[identifier] = .call(call)
        switch call.work {
        case .repeatable(let request), .once(let request):
            batch.append((identifier, request))
        case .submission(let transaction, let wantsChanges):
            guard let place = call.place else {
                preconditionFailure("call \(call.number) is sent without a place in a session")
            }
            let origin = Origin(
                session: place.session.identifier, sequence: place.sequence,
                acknowledgedThrough: place.session.acknowledgedThrough)
            call.acknowledgedThrough = origin.acknowledgedThrough
            call.sentAt = loop.now
            let submission = Submission(
                origin: origin, wantsChanges: wantsChanges, transaction: transaction)
            batch.append((identifier, .submit(submission)))
        }
    }

    private func openSession(into batch: inout [(RequestID, Request)]) {
        guard !isOpeningSession else { return }
        isOpeningSession = true
        let identifier = takeRequest()
        sent[identifier] = .sessionOpening
        let request = Request.openSession(
            timeToLiveMilliseconds: settings.sessionMilliseconds, description: settings.name)
        batch.append((identifier, request))
    }

    private func startWatches(into batch: inout [(RequestID, Request)]) {
        for watch in watches.values.sorted(by: { $0.number < $1.number }) where !watch.isRunning {
            let identifier = takeRequest()
            watch.request = identifier
            sent[identifier] = .watch(watch)
            batch.append((identifier, .watch(watch.opening())))
        }
    }
}

// MARK: - Time

extension ClientCore {
    /// Makes sure that the deadline timer fires no later than `deadline`.
    func watchDeadline(_ deadline: MonotonicTime) {
        if let deadlineTimer {
            if deadlineTimer.at <= deadline { return }
            loop.cancel(deadlineTimer.timer)
        }
        let bound = LoopBound(self, to: loop)
        let timer = loop.schedule(at: deadline) { bound.value.deadlinePassed() }
        deadlineTimer = (deadline, timer)
    }

    private func deadlinePassed() {
        deadlineTimer = nil
        let now = loop.now
        var earliest: MonotonicTime?
        for call in calls.values.sorted(by: { $0.number < $1.number }) where call.completion != nil
        {
            if call.deadline <= now {
                let isUnsent = call.sends == 0 && !call.isPutOff
                let failure = isUnsent ? "\(failures)" : call.lastFailure ?? lackOfAnswer
                let maybe = giveUp(call)
                call.complete(
                    .failure(
                        call.lacksRoom
                            ? .refused(.busy, putOffReads.reason)
                            : .timedOut(lastFailure: failure, mayHaveExecuted: maybe)))
            } else {
                earliest = min(earliest ?? call.deadline, call.deadline)
            }
        }
        if let next = expireWatches(now) { earliest = min(earliest ?? next, next) }
        for link in nodes.values {
            if let next = link.expire(now) { earliest = min(earliest ?? next, next) }
        }
        if let earliest { watchDeadline(earliest) }
    }

    /// Tells the cluster now and then that an idle session is still wanted.
    func armKeepAlive() {
        if let keepAliveTimer { loop.cancel(keepAliveTimer) }
        let bound = LoopBound(self, to: loop)
        let wait = max(1, settings.sessionMilliseconds / 3)
        keepAliveTimer = loop.schedule(at: loop.now.advanced(milliseconds: wait)) {
            bound.value.keepAliveDue()
        }
    }

    private func keepAliveDue() {
        keepAliveTimer = nil
        guard let session else { return }
        armKeepAlive()
        let quiet = loop.now.milliseconds(since: sessionActivity)
        guard quiet + 1 >= settings.sessionMilliseconds / 3 else { return }
        switch route {
        case .ready(let driver):
            sendKeepAlive(session, over: driver)
        case .idle:
            let number = UInt64.max - UInt64(nextRequest)
            let call = Call(
                number: number, work: .repeatable(.keepAlive(session.identifier)),
                deadline: loop.now.advanced(milliseconds: settings.sessionMilliseconds / 3),
                completion: { _ in })
            begin(call)
        case .connecting, .waiting:
            // A client that is refused again and again is hardly ever connected at this moment.
            isKeepAliveOwed = true
        case .closed:
            break
        }
    }

    /// Sends what fell due while there was no connection.
    func sendOwedKeepAlive(over driver: ConnectionDriver) {
        guard isKeepAliveOwed else { return }
        isKeepAliveOwed = false
        if let session { sendKeepAlive(session, over: driver) }
    }

    private func sendKeepAlive(_ session: SessionTrack, over driver: ConnectionDriver) {
        let identifier = takeRequest()
        sent[identifier] = .keepAlive(session.identifier)
        driver.send(identifier, .keepAlive(session.identifier))
    }
}
