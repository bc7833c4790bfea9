import JSON

extension History {
    static let format = "lockstep-history"
    static let version = 1

    /// The line that every history begins with, without a newline.
    package var firstLine: String {
        let value: JSONValue = [
            "format": .string(Self.format), "version": .number(Self.version),
            "seed": .string(String(seed)), "title": .string(title),
        ]
        return value.text
    }

    /// The whole history as lines of JSON, each with a newline.
    package var lines: String {
        var text = firstLine + "\n"
        for event in events { text += event.line + "\n" }
        return text
    }
}

extension Event {
    /// The names of the kinds of events, as their lines have them.
    enum Kind: String, CaseIterable {
        case invoke
        case ok
        case fail
        case unknown
        case observe
        case fault
        case heal
        case leader
        case note
    }

    /// The event as one line of JSON, without a newline.
    package var line: String {
        let (kind, members) = parts
        let head = [
            JSONMember("t", .number(nanoseconds)), JSONMember("event", .string(kind.rawValue)),
        ]
        return JSONValue.object(head + members).text
    }

    private var parts: (Kind, [JSONMember]) {
        switch content {
        case .invocation(let call):
            let members = [
                JSONMember("op", .number(call.operation)),
                JSONMember("client", .number(call.client)),
                JSONMember("workload", .string(call.workload)),
                JSONMember("function", .string(call.function)),
                JSONMember("key", .string(call.key)),
                JSONMember("arguments", .array(call.arguments.map(\.json))),
            ]
            return (.invoke, members)
        case .completion(let operation, let outcome):
            let number = JSONMember("op", .number(operation))
            switch outcome {
            case .done(let result): return (.ok, [number, JSONMember("result", result.json)])
            case .failed(let why): return (.fail, [number, JSONMember("why", .string(why))])
            case .unknown(let why): return (.unknown, [number, JSONMember("why", .string(why))])
            }
        case .observation(let seen):
            let members = [
                JSONMember("client", .number(seen.client)),
                JSONMember("workload", .string(seen.workload)),
                JSONMember("function", .string(seen.function)),
                JSONMember("key", .string(seen.key)),
                JSONMember("value", seen.value.json),
            ]
            return (.observe, members)
        case .faultBegin(let fault):
            let members = [
                JSONMember("fault", .number(fault.number)),
                JSONMember("kind", .string(fault.kind)),
                JSONMember("nodes", .array(fault.nodes.map { .number($0) })),
                JSONMember("details", .string(fault.details)),
            ]
            return (.fault, members)
        case .faultEnd(let fault, let details):
            return (
                .heal,
                [JSONMember("fault", .number(fault)), JSONMember("details", .string(details))]
            )
        case .leader(let node, let term):
            return (
                .leader, [JSONMember("node", .number(node)), JSONMember("term", .number(term))]
            )
        case .note(let text):
            return (.note, [JSONMember("text", .string(text))])
        }
    }
}
