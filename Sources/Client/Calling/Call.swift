import Codec
import IOCore
package import Identifiers
package import Wire

/// One request of the caller's until its answer: what is sent, and how it may be sent again.
package final class Call {
    package enum Work {
        /// A transaction; always safe to send again with its sequence number.
        case submission(transaction: [UInt8], wantsChanges: Bool)
        /// Safe to send again.
        case repeatable(Request)
        /// Not safe to send again when it may have reached the leader.
        case once(Request)
    }

    package typealias Completion = @Sendable (Result<Response, CallFailure>) -> Void

    package let number: UInt64
    var work: Work
    let deadline: MonotonicTime
    /// nil when the caller does not wait any more.
    var completion: Completion?
    /// How often it was sent and not refused; with more than none its fate may be unknown.
    var sends = 0
    /// When it was last sent, if it is a transaction.
    var sentAt = MonotonicTime.zero
    /// The session and place in it, from the first sending on.
    var place: (session: SessionTrack, sequence: SequenceNumber)?
    /// What its session had acknowledged when it was last sent.
    var acknowledgedThrough = SequenceNumber.zero
    /// Whether it waits for room on the present connection.
    var isPutOff = false
    /// Whether a node has had no room for it, or for those before it, and nothing else has been in its way
    /// since.
    var lacksRoom = false
    /// What went wrong last, for the error of a call that runs out of time; nil: nothing but that.
    var lastFailure: String?

    package init(
        number: UInt64, work: Work, deadline: MonotonicTime, completion: Completion?
    ) {
        self.number = number
        self.work = work
        self.deadline = deadline
        self.completion = completion
    }

    var isSubmission: Bool {
        if case .submission = work { true } else { false }
    }

    /// Whether it is a read that a node may have no room for beside others.
    var isLinearizableRead: Bool {
        guard case .repeatable(.read(let request)) = work else { return false }
        return request.consistency == .linearizable
    }

    /// Whether the cluster may carry it out although it has not been answered; on the loop.
    package var mayHaveExecuted: Bool {
        switch work {
        case .submission, .once: sends > 0
        case .repeatable: false
        }
    }

    /// The order in which calls with places are sent again.
    func isPlaced(before other: Call) -> Bool {
        guard let place, let otherPlace = other.place else { return number < other.number }
        return (place.session.identifier, place.sequence)
            < (otherPlace.session.identifier, otherPlace.sequence)
    }

    /// Answers the caller, once.
    func complete(_ result: Result<Response, CallFailure>) {
        guard let completion else { return }
        self.completion = nil
        completion(result)
    }
}

/// One session as the client sees it: which sequence numbers are given out, and which answered.
final class SessionTrack {
    let identifier: SessionID
    private(set) var nextSequence = SequenceNumber(1)
    /// All sequence numbers up to here have been answered.
    private(set) var acknowledgedThrough = SequenceNumber.zero
    private var answeredAbove: Set<SequenceNumber> = []

    init(_ identifier: SessionID) {
        self.identifier = identifier
    }

    /// Sequence numbers from the first unanswered one to the last given out.
    var windowUsed: Int {
        Int(nextSequence.rawValue - 1 - acknowledgedThrough.rawValue)
    }

    func takeSequence() -> SequenceNumber {
        defer { nextSequence = nextSequence.next }
        return nextSequence
    }

    func answered(_ sequence: SequenceNumber) {
        precondition(sequence < nextSequence, "answer to sequence \(sequence) not given out")
        answeredAbove.insert(sequence)
        while answeredAbove.remove(acknowledgedThrough.next) != nil {
            acknowledgedThrough = acknowledgedThrough.next
        }
    }
}
