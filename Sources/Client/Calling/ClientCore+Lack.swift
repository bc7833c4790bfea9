import IOCore
import Identifiers

extension ClientCore {
    /// How long a call whose fate only a connection can tell waits for a descriptor.
    private static let lackMilliseconds: UInt64 = 1_000

    /// Ends the calls that wait for a connection which this process has no descriptor for.
    ///
    /// What was not sent fails at once, so that its caller decides how long to wait for one. What may have
    /// been carried out can learn its fate as soon as another thread closes some.
    func failForLack(_ reason: String) {
        let now = loop.now
        let since = lackingSince ?? now
        lackingSince = since
        let isOver = now.milliseconds(since: since) >= Self.lackMilliseconds
        for call in calls.values.sorted(by: { $0.number < $1.number })
        where call.completion != nil && (isOver || !call.mayHaveExecuted) {
            let maybe = giveUp(call)
            call.complete(.failure(maybe ? .outcomeUnknown(reason) : .unavailable(reason)))
        }
    }
}
