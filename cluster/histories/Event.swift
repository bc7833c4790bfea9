/// One thing that happened in a run, and when.
package struct Event: Sendable, Hashable {
    /// Monotonic nanoseconds since the start of the run.
    package var nanoseconds: UInt64
    package var content: Content

    package init(_ nanoseconds: UInt64, _ content: Content) {
        self.nanoseconds = nanoseconds
        self.content = content
    }

    package enum Content: Sendable, Hashable {
        /// A client is about to ask for something.
        case invocation(Invocation)
        /// A client knows what became of it, or knows that it will not learn that.
        case completion(operation: Int, Outcome)
        /// A client was told something without having asked just now: a watch, a trigger's program.
        case observation(Observation)
        case faultBegin(Fault)
        /// The fault with this number is over; `details` tells how, and is often empty.
        case faultEnd(fault: Int, details: String)
        /// A node leads in a term, seen for the first time.
        case leader(node: Int, term: UInt64)
        case note(String)
    }
}

/// What a client asks for.
package struct Invocation: Sendable, Hashable {
    /// The number of the operation: 0, 1, 2 … in the order of the invocations of a run.
    package var operation: Int
    /// Who asks; a client may have several operations under way.
    package var client: Int
    /// The workload that it belongs to, whose checker looks at it.
    package var workload: String
    /// What is asked for, such as `read`; the workload says which there are.
    package var function: String
    /// What it is about; operations of other keys do not touch it.
    package var key: String
    package var arguments: [Datum]

    package init(
        operation: Int, client: Int, workload: String, function: String, key: String,
        arguments: [Datum] = []
    ) {
        self.operation = operation
        self.client = client
        self.workload = workload
        self.function = function
        self.key = key
        self.arguments = arguments
    }
}

/// What became of an operation.
package enum Outcome: Sendable, Hashable {
    /// It took effect between invocation and completion, with this result.
    case done(Datum)
    /// It certainly had no effect, and will have none; the text says why.
    case failed(String)
    /// It may take effect at any time after its invocation, or never; the text says why.
    case unknown(String)
}

/// What a client was told without having asked just now.
package struct Observation: Sendable, Hashable {
    package var client: Int
    package var workload: String
    package var function: String
    package var key: String
    package var value: Datum

    package init(client: Int, workload: String, function: String, key: String, value: Datum) {
        self.client = client
        self.workload = workload
        self.function = function
        self.key = key
        self.value = value
    }
}

/// What is done to the cluster from now on, until its end is noted.
package struct Fault: Sendable, Hashable {
    /// 0, 1, 2 … in the order of the beginnings of a run.
    package var number: Int
    /// Such as `partition`.
    package var kind: String
    /// The nodes that it touches, ascending.
    package var nodes: [Int]
    package var details: String

    package init(number: Int, kind: String, nodes: [Int], details: String = "") {
        self.number = number
        self.kind = kind
        self.nodes = nodes
        self.details = details
    }
}
