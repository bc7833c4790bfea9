import Histories

/// An operation as a test draws it: from one time to another, with what became of it.
struct Drawn {
    var client: Int
    var function: String
    var arguments: [Datum]
    var outcome: Outcome
    var start: UInt64
    var end: UInt64
    var key: String
    var workload: String

    init(
        _ times: ClosedRange<UInt64>, client: Int = 0, _ function: String,
        _ arguments: [Datum] = [], _ outcome: Outcome = .done(.nothing), key: String = "k",
        workload: String = "w"
    ) {
        self.client = client
        self.function = function
        self.arguments = arguments
        self.outcome = outcome
        start = times.lowerBound
        end = times.upperBound
        self.key = key
        self.workload = workload
    }
}

extension History {
    /// A history with these operations, numbered by their starts, which must differ from all ends.
    init(_ drawn: [Drawn]) {
        let sorted = drawn.sorted { $0.start < $1.start }
        var events: [Event] = []
        for (number, each) in sorted.enumerated() {
            events.append(
                Event(
                    each.start,
                    .invocation(
                        Invocation(
                            operation: number, client: each.client, workload: each.workload,
                            function: each.function, key: each.key, arguments: each.arguments))))
            events.append(Event(each.end, .completion(operation: number, each.outcome)))
        }
        let ordered = events.enumerated().sorted {
            ($0.element.nanoseconds, $0.offset) < ($1.element.nanoseconds, $1.offset)
        }
        self.init(seed: 0, title: "drawn", events: ordered.map(\.element))
    }
}
