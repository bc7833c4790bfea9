import IOCore

/// What one reader takes elements from, in order, while others fill it.
protocol ReadSource: Sendable {
    associatedtype Element: Sendable

    /// The first element, which is taken away; nil where there is none at the moment.
    mutating func next() -> Element?
}

/// Where one reader waits for what a source holds next, or for its end.
///
/// What the source holds is read before the end, however the end came.
final class ReaderPort<Source: ReadSource>: Sendable {
    typealias Outcome = Result<Source.Element?, LockstepError>

    private struct State {
        var source: Source
        var end: Outcome?
        var waiter: CheckedContinuation<Outcome, Never>?
    }

    private let state: Locked<State>
    private let noun: String

    /// `noun` names the sequence where it is read by two at once, which traps.
    init(_ source: Source, _ noun: String) {
        state = Locked(State(source: source))
        self.noun = noun
    }

    /// Changes the source, then gives a reader that waits the first element, if there is one.
    ///
    /// `body` is told whether the sequence still goes on.
    func fill<Value>(_ body: (inout Source, _ isOpen: Bool) -> Value) -> Value {
        let (value, due) = state.withLock { state in
            let value = body(&state.source, state.end == nil)
            guard let waiter = state.waiter, let element = state.source.next() else {
                return (
                    value, nil as (waiter: CheckedContinuation<Outcome, Never>, Source.Element)?
                )
            }
            state.waiter = nil
            return (value, (waiter, element))
        }
        if let (waiter, element) = due { waiter.resume(returning: .success(element)) }
        return value
    }

    /// Ends the sequence behind what the source holds; a second end changes nothing.
    func end(_ outcome: Outcome) {
        let waiter = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            guard state.end == nil else { return nil }
            state.end = outcome
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: outcome)
    }

    /// Waits for the next element; nil at the end, which a cancelled task brings about.
    func next(
        whenCancelled: @escaping @Sendable () -> Void
    ) async throws(LockstepError) -> Source.Element? {
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if let outcome = take(continuation) { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            end(.success(nil))
            whenCancelled()
        }
        return try outcome.get()
    }

    /// What there is at once; nil where the reader waits from now on.
    private func take(_ continuation: CheckedContinuation<Outcome, Never>) -> Outcome? {
        state.withLock { state in
            if let element = state.source.next() { return .success(element) }
            if let end = state.end { return end }
            precondition(state.waiter == nil, "\(noun) has two readers")
            state.waiter = continuation
            return nil
        }
    }
}
