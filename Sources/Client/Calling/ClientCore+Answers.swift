import Codec
import IOCore
import Identifiers
import Transactions
import Wire

extension ClientCore {
    /// Takes one answer of the present connection.
    func answered(_ identifier: RequestID, _ response: Response) {
        guard let entry = sent[identifier] else {
            // The closing answer of a watch that was cancelled meanwhile.
            return
        }
        if response.isFinal { sent[identifier] = nil }
        if case .error(.noRoom(let reason)) = response, case .call(let call) = entry,
            case .ready(let driver) = route, putOff(call, reason, over: driver)
        {
            pump()
            return
        }
        if case .error(let error) = response, let detour = Detour(error, routing: self) {
            putAside(entry, identifier, mayHaveExecuted: detour.mayHaveExecuted)
            leaveRoute(
                detour.reason, next: detour.next, wait: detour.wait,
                keepingLackOfRoom: detour.keepsLackOfRoom)
            return
        }
        switch entry {
        case .call(let call): answered(call, response)
        case .sessionOpening: sessionAnswered(response)
        case .keepAlive(let session): keepAliveAnswered(session, response)
        case .probe: silence.probeAnswered()
        case .watch(let watch): watchAnswered(watch, response)
        }
        resendRoomless()
        pump()
    }

    /// Keeps what was answered with "not here" or "not now" for another connection.
    private func putAside(_ entry: Sent, _ identifier: RequestID, mayHaveExecuted: Bool) {
        guard case .call(let call) = entry, !mayHaveExecuted else {
            sent[identifier] = entry
            return
        }
        // It was not taken, which is as if it had not been sent.
        call.sends -= 1
        if case .once = call.work {
            waiting.append(call)
        } else {
            sent[identifier] = entry
        }
    }

    /// An answer that means "not here" or "not now" for everything on this connection.
    private struct Detour {
        let reason: String
        let next: Address?
        let wait: Wait
        var mayHaveExecuted = false
        /// Whether it says nothing against it that the leader has no room for a read.
        var keepsLackOfRoom = false

        init?(_ error: RequestError, routing core: ClientCore) {
            reason = "\(error)"
            switch error {
            case .notLeader(_, let text):
                let hint = Address(text)
                keepsLackOfRoom = hint != nil
                // Nodes that point at each other must not be asked in a tight circle, nor they alone.
                if hint != nil, core.hintsFollowed == 3 {
                    next = nil
                    wait = .backoff
                } else {
                    next = hint
                    wait = hint == nil ? .round : .none
                    core.hintsFollowed += hint == nil ? 0 : 1
                }
            case .unavailable(_, let milliseconds):
                next = nil
                wait = .atLeast(milliseconds: milliseconds)
            case .noRoom:
                next = nil
                wait = .backoff
                keepsLackOfRoom = true
            case .interrupted:
                next = nil
                wait = .backoff
                mayHaveExecuted = true
            case .refused, .tooLarge, .sessionExpired, .protocolViolation:
                return nil
            }
        }
    }

    /// Something was answered that need not be asked again: what fails next is a first failure.
    ///
    /// A refusal for want of room is none, or many clients without room would fill the log with it.
    private func progressed() {
        backoff.reset()
        beginRound()
        failures.clear()
    }

    private func answered(_ call: Call, _ response: Response) {
        if call.isSubmission {
            submissionAnswered(call, response)
            return
        }
        progressed()
        if call.isLinearizableRead { readServed() }
        forget(call)
        if case .error(let error) = response {
            call.complete(.failure(CallFailure(error)))
        } else {
            call.complete(.success(response))
        }
    }

    private func submissionAnswered(_ call: Call, _ response: Response) {
        switch response {
        case .outcome(let bytes, _):
            switch OutcomeVerdict(bytes, coding) {
            case .final:
                progressed()
                // The transaction was in the log, so the cluster knows that the session lives.
                if call.place?.session === session { sessionActivity = call.sentAt }
                settle(call, .success(response))
            case .sessionUnknown(let message):
                sessionLost(by: call, message)
            case .sequenceGap(let message):
                sequenceRefused(call, message)
            case .sessionFull(let message):
                waitForRoom(call, message)
            case .unreadable(let text):
                settle(call, .failure(.protocolViolation(text)))
            }
        case .error(.sessionExpired(let session)):
            sessionLost(by: call, "session \(session) has expired")
        case .error(let error):
            refused(call, error)
        case .sessionOpened, .done, .readResult, .readAborted, .watchStarted, .changeSets,
            .watchEnded, .status, .digest, .snapshotTaken, .verified, .logFrames:
            settle(call, .failure(.protocolViolation("an answer of kind \(response.kind)")))
        }
    }

    /// This sending was not taken; an earlier one without an answer may have been all the same.
    private func refused(_ call: Call, _ error: RequestError) {
        call.sends -= 1
        if call.mayHaveExecuted, let failure = error.passingRefusal {
            sent[takeRequest()] = .call(call)
            leaveRoute(failure, next: nil, wait: .backoff)
            return
        }
        progressed()
        call.complete(
            .failure(call.mayHaveExecuted ? .outcomeUnknown("\(error)") : CallFailure(error)))
        fillPlace(of: call)
    }

    private func settle(_ call: Call, _ result: Result<Response, CallFailure>) {
        if let place = call.place { place.session.answered(place.sequence) }
        forget(call)
        call.complete(result)
    }

    /// A refused transaction leaves a gap in its session, which later ones would wait behind: an
    /// empty transaction takes its place.
    private func fillPlace(of call: Call) {
        guard call.place != nil else { return }
        if case .submission(let transaction, _) = call.work, transaction == coding.fillerTransaction
        {
            // Not even that is taken: go on with a new session.
            session = nil
            settle(call, .failure(.outcomeUnknown("the session cannot go on")))
            return
        }
        call.work = .submission(transaction: coding.fillerTransaction, wantsChanges: false)
        resending.append(call)
    }

    /// The cluster does not know the call's session any more.
    ///
    /// What was sent once only has certainly not been executed, and goes into a new session; of the
    /// rest nobody can tell.
    private func sessionLost(by call: Call, _ message: String) {
        guard let place = call.place else { return }
        if session === place.session { session = nil }
        report(.sessionLost(place.session.identifier))
        place.session.answered(place.sequence)
        if call.sends == 1, call.completion != nil {
            call.place = nil
            call.sends = 0
            waiting.append(call)
            return
        }
        forget(call)
        call.complete(.failure(.outcomeUnknown(message)))
    }

    /// The cluster misses a transaction before the call's.
    ///
    /// Where an earlier one is still under way, all are sent again in order. Where all earlier ones
    /// have been answered, the cluster has lost what it had acknowledged: the session ends at once, with
    /// everything in it, and what comes next gets a new one.
    private func sequenceRefused(_ call: Call, _ message: String) {
        guard let place = call.place else { return }
        let track = place.session
        // One before it had no room.
        let isBehindRoomless = roomless.contains {
            $0.place?.session === track && $0.isPlaced(before: call)
        }
        guard !isBehindRoomless else {
            call.sends -= 1
            roomless.append(call)
            return
        }
        guard place.sequence == track.acknowledgedThrough.next else {
            sent[takeRequest()] = .call(call)
            leaveRoute(message, next: nil, wait: .backoff)
            return
        }
        report(.acknowledgedLost(track.identifier, reason: message))
        if session === track { session = nil }
        if case .ready(let driver) = route {
            driver.send(takeRequest(), .closeSession(track.identifier))
        }
        abandon(track, refused: call)
    }

    /// The session has no room for the call's outcome until earlier ones are acknowledged, which
    /// happens when they have been answered: it is sent again behind them.
    ///
    /// Where all earlier ones were acknowledged already, there is nothing to wait for but time.
    private func waitForRoom(_ call: Call, _ message: String) {
        call.sends -= 1
        guard let place = call.place, call.acknowledgedThrough.next < place.sequence else {
            sent[takeRequest()] = .call(call)
            leaveRoute(message, next: nil, wait: .backoff)
            return
        }
        roomless.append(call)
    }

    /// Sends the transactions again that had no room, when no other is on the way: then every one
    /// that was answered is acknowledged, and one more at least has room.
    private func resendRoomless() {
        guard !roomless.isEmpty else { return }
        let isOneUnderWay = sent.values.contains { entry in
            if case .call(let call) = entry { call.isSubmission } else { false }
        }
        guard !isOneUnderWay else { return }
        resending = CallQueue((resending + roomless).sorted { $0.isPlaced(before: $1) })
        roomless = []
    }

    /// Ends all calls with a place in a session that cannot go on, in order; nothing of `refused`
    /// was executed by its last try.
    private func abandon(_ track: SessionTrack, refused: Call) {
        let ending = calls.values.filter { $0.place?.session === track }
        for (identifier, entry) in sent {
            if case .call(let call) = entry, call.place?.session === track {
                sent[identifier] = nil
            }
        }
        roomless.removeAll { $0.place?.session === track }
        for call in ending.sorted(by: { $0.isPlaced(before: $1) }) {
            forget(call)
            call.complete(
                .failure(
                    .sessionLost(
                        acknowledgedThrough: track.acknowledgedThrough,
                        mayHaveExecuted: call !== refused || call.sends > 1)))
        }
    }

    private func sessionAnswered(_ response: Response) {
        isOpeningSession = false
        switch response {
        case .sessionOpened(let identifier):
            progressed()
            session = SessionTrack(identifier)
            sessionActivity = loop.now
            armKeepAlive()
        case .error(let error):
            failUnplaced(CallFailure(error))
        case .outcome, .done, .readResult, .readAborted, .watchStarted, .changeSets, .watchEnded,
            .status, .digest, .snapshotTaken, .verified, .logFrames:
            leaveRoute("an answer of kind \(response.kind)", next: nil, wait: .backoff)
        }
    }

    /// No session can be had: transactions that wait for one fail.
    private func failUnplaced(_ error: CallFailure) {
        let all = Array(waiting)
        waiting = CallQueue(all.filter { !$0.isSubmission })
        for call in all where call.isSubmission {
            forget(call)
            call.complete(.failure(error))
        }
    }

    private func keepAliveAnswered(_ identifier: SessionID, _ response: Response) {
        if case .error(.sessionExpired) = response, session?.identifier == identifier {
            session = nil
        }
    }
}

extension RequestError {
    /// Why a node refuses what it may take later; nil where it never will, or does not refuse it.
    fileprivate var passingRefusal: String? {
        switch self {
        case .refused(.busy, _): "\(self)"
        case .refused, .notLeader, .unavailable, .noRoom, .interrupted, .sessionExpired,
            .tooLarge, .protocolViolation:
            nil
        }
    }
}
