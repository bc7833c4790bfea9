/// All that is known of one run, in the order of time.
package struct History: Sendable, Hashable {
    /// What the run's random choices came from.
    package var seed: UInt64
    /// What was run, in words.
    package var title: String
    package var events: [Event]
    /// Bytes of a last line that was cut off and has been left out.
    package var cutBytes = 0

    package init(seed: UInt64, title: String, events: [Event] = []) {
        self.seed = seed
        self.title = title
        self.events = events
    }

    /// The time of the last event; 0 without any.
    package var duration: UInt64 {
        events.last?.nanoseconds ?? 0
    }

    /// All operations by their numbers, each with what became of it.
    ///
    /// An operation without a completion is one whose outcome is unknown.
    package var operations: [Operation] {
        var operations: [Operation] = []
        for (place, event) in events.enumerated() {
            switch event.content {
            case .invocation(let invocation):
                precondition(
                    invocation.operation == operations.count,
                    "operation \(invocation.operation) is invoked as number \(operations.count)")
                operations.append(
                    Operation(invocation, at: event.nanoseconds, startEvent: place))
            case .completion(let number, let outcome):
                precondition(
                    operations.indices.contains(number) && operations[number].end == nil,
                    "operation \(number) is completed twice, or before its invocation")
                operations[number].end = event.nanoseconds
                operations[number].endEvent = place
                operations[number].outcome = outcome
            case .observation, .faultBegin, .faultEnd, .leader, .note: break
            }
        }
        return operations
    }

    /// The operations of one workload, by their numbers.
    package func operations(of workload: String) -> [Operation] {
        operations.filter { $0.invocation.workload == workload }
    }

    /// The observations of one workload, in the order of time.
    package func observations(of workload: String) -> [TimedObservation] {
        events.enumerated().compactMap { place, event in
            guard case .observation(let observation) = event.content,
                observation.workload == workload
            else { return nil }
            return TimedObservation(
                nanoseconds: event.nanoseconds, place: place, observation: observation)
        }
    }
}

/// An operation from its invocation to its completion.
package struct Operation: Sendable, Hashable {
    package var invocation: Invocation
    /// When it was invoked.
    package var start: UInt64
    /// When its outcome was known, or known never to become so; nil if the run ended before.
    package var end: UInt64?
    /// The places of its events in the history, which tell the order where times are equal.
    package var startEvent: Int
    package var endEvent: Int?
    package var outcome: Outcome

    package init(_ invocation: Invocation, at start: UInt64, startEvent: Int) {
        self.invocation = invocation
        self.start = start
        self.startEvent = startEvent
        outcome = .unknown("the run ended before the answer")
    }

    /// Its number in the history.
    package var number: Int {
        invocation.operation
    }

    /// The result, if it certainly took effect.
    package var result: Datum? {
        if case .done(let result) = outcome { result } else { nil }
    }

    /// Whether it may have taken effect, or not.
    package var isUnknown: Bool {
        if case .unknown = outcome { true } else { false }
    }

    /// Whether it was over, and known to be, before `other` was asked for.
    package func precedes(_ other: Operation) -> Bool {
        endEvent.map { $0 < other.startEvent } ?? false
    }

    /// Whether it certainly had no effect.
    package var hasFailed: Bool {
        if case .failed = outcome { true } else { false }
    }
}

extension Operation: CustomStringConvertible {
    /// Such as `#17 write(5) at r3 by client 2, 1.204 to 1.207 s: done, null`.
    package var description: String {
        let arguments = invocation.arguments.map(\.description).joined(separator: ", ")
        let times = "\(Self.seconds(start)) to \(end.map(Self.seconds) ?? "the end") s"
        let fate =
            switch outcome {
            case .done(let result): "done, \(result)"
            case .failed(let why): "failed, \(why)"
            case .unknown(let why): "unknown, \(why)"
            }
        return "#\(number) \(invocation.function)(\(arguments)) at \(invocation.key) by client "
            + "\(invocation.client), \(times): \(fate)"
    }

    /// Seconds with three decimals.
    package static func seconds(_ nanoseconds: UInt64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        let rest = String(milliseconds % 1_000)
        return "\(milliseconds / 1_000)." + String(repeating: "0", count: 3 - rest.utf8.count)
            + rest
    }
}

/// An observation and its time.
package struct TimedObservation: Sendable, Hashable {
    package var nanoseconds: UInt64
    /// The place of its event in the history.
    package var place: Int
    package var observation: Observation
}
