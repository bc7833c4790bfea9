import JSON

/// Why lines are no history; lines count from 1.
package struct HistoryFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let line: Int
    package let message: String

    package init(line: Int, message: String) {
        self.line = line
        self.message = message
    }

    package var description: String {
        "line \(line) of the history: \(message)"
    }
}

/// Reads the lines of a history, strictly and within bounds.
///
/// Refused are: unknown and missing members, times that go back, operations and faults that are not
/// numbered in order, completions of what is not under way, and what is over a limit.
package struct HistoryReader {
    /// What a history may hold at most.
    package struct Limits: Sendable {
        package var lineBytes = 1 << 20
        package var events = 20_000_000

        package init() {}
    }

    private static let most = UInt64(1) << 53

    private let limits: Limits
    private var history: History
    private var line = 1
    /// Whether the operation with the number of the place has been completed.
    private var isCompleted: [Bool] = []
    private var isHealed: [Bool] = []

    /// Reads a whole history.
    ///
    /// A last line without a newline is the mark of a run that was cut off: it is left out if it
    /// cannot be read, and there are others; `cutBytes` tells of it.
    package static func read(
        _ bytes: [UInt8], limits: Limits = Limits()
    ) throws(HistoryFailure) -> History {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // What follows the last newline: nothing, in a history that is whole.
        let rest = lines.removeLast()
        let isCut = !rest.isEmpty
        guard let first = lines.first else {
            throw HistoryFailure(line: 1, message: "there is no first line with the format")
        }
        var reader = try HistoryReader(first: first, limits: limits)
        for line in lines.dropFirst() { try reader.add(line) }
        guard isCut else { return reader.history }
        guard rest.count <= limits.lineBytes else {
            throw HistoryFailure(
                line: reader.line + 1,
                message: "\(rest.count) bytes; the most are \(limits.lineBytes)")
        }
        do throws(HistoryFailure) {
            try reader.add(rest)
        } catch {
            reader.history.cutBytes = rest.count
        }
        return reader.history
    }

    /// Looks at the first line alone, or as much of it as there is within the bound of a line.
    ///
    /// - Throws: where it is not that of a history.
    package static func checkFirstLine(_ bytes: [UInt8]) throws(HistoryFailure) {
        _ = try HistoryReader(
            first: bytes.prefix { $0 != UInt8(ascii: "\n") }, limits: Limits())
    }

    private init(first: ArraySlice<UInt8>, limits: Limits) throws(HistoryFailure) {
        self.limits = limits
        history = History(seed: 0, title: "")
        let place = try parse(first)
        do throws(SchemaFailure) {
            let members = try Members(place, ["format", "version", "seed", "title"])
            guard try members["format"].string() == History.format,
                try members["version"].integer() == History.version
            else {
                throw place.failure("is not of format \(History.format) \(History.version)")
            }
            guard let seed = UInt64(try members["seed"].string()) else {
                throw place.failure("has a seed that is no number")
            }
            history = History(seed: seed, title: try members["title"].string())
        } catch {
            throw HistoryFailure(line: line, message: error.description)
        }
    }

    private func parse(_ bytes: ArraySlice<UInt8>) throws(HistoryFailure) -> JSONPlace {
        guard bytes.count <= limits.lineBytes else {
            throw HistoryFailure(
                line: line, message: "\(bytes.count) bytes; the most are \(limits.lineBytes)")
        }
        do throws(JSONFailure) {
            return JSONPlace(try JSONParser.parse(Array(bytes)))
        } catch {
            throw HistoryFailure(line: line, message: error.description)
        }
    }

    private mutating func add(_ bytes: ArraySlice<UInt8>) throws(HistoryFailure) {
        line += 1
        guard history.events.count < limits.events else {
            throw HistoryFailure(line: line, message: "more than \(limits.events) events")
        }
        let place = try parse(bytes)
        do throws(SchemaFailure) {
            let event = try event(place)
            guard event.nanoseconds >= history.duration else {
                throw place.failure(
                    "is at \(event.nanoseconds) ns, before the last event's \(history.duration)")
            }
            try note(event.content, place)
            history.events.append(event)
        } catch {
            throw HistoryFailure(line: line, message: error.description)
        }
    }

    /// Checks the numbers of an event against those before it.
    private mutating func note(
        _ content: Event.Content, _ place: JSONPlace
    ) throws(SchemaFailure) {
        switch content {
        case .invocation(let call):
            guard call.operation == isCompleted.count else {
                throw place.failure(
                    "invokes operation \(call.operation), where \(isCompleted.count) is due")
            }
            isCompleted.append(false)
        case .completion(let number, _):
            guard isCompleted.indices.contains(number), !isCompleted[number] else {
                throw place.failure("completes operation \(number), which is not under way")
            }
            isCompleted[number] = true
        case .faultBegin(let fault):
            guard fault.number == isHealed.count else {
                throw place.failure("begins fault \(fault.number), where \(isHealed.count) is due")
            }
            isHealed.append(false)
        case .faultEnd(let number, _):
            guard isHealed.indices.contains(number), !isHealed[number] else {
                throw place.failure("ends fault \(number), which is not under way")
            }
            isHealed[number] = true
        case .observation, .leader, .note: break
        }
    }

    // MARK: - Events

    /// The members of an object: just these, all of them.
    private struct Members {
        private let places: [String: JSONPlace]
        private let whole: JSONPlace

        init(_ place: JSONPlace, _ names: [String]) throws(SchemaFailure) {
            places = try place.members(allowed: names)
            whole = place
            for name in names where places[name] == nil {
                throw place.failure("has no member \"\(name)\"")
            }
        }

        /// The member, which must be one of those named at the start.
        subscript(name: String) -> JSONPlace {
            places[name] ?? whole
        }

        func number(_ name: String) throws(SchemaFailure) -> Int {
            Int(try self[name].integer(0...HistoryReader.most))
        }

        func text(_ name: String) throws(SchemaFailure) -> String {
            try self[name].string()
        }
    }

    private func event(_ place: JSONPlace) throws(SchemaFailure) -> Event {
        guard let kind = try place.member("event")?.choice(of: Event.Kind.self) else {
            throw place.failure("has no member \"event\"")
        }
        func members(_ names: String...) throws(SchemaFailure) -> Members {
            try Members(place, ["t", "event"] + names)
        }
        let content: Event.Content
        switch kind {
        case .invoke:
            content = .invocation(
                try invocation(
                    try members("op", "client", "workload", "function", "key", "arguments")))
        case .ok:
            let found = try members("op", "result")
            content = .completion(
                operation: try found.number("op"), .done(try Datum(found["result"])))
        case .fail:
            let found = try members("op", "why")
            content = .completion(
                operation: try found.number("op"), .failed(try found.text("why")))
        case .unknown:
            let found = try members("op", "why")
            content = .completion(
                operation: try found.number("op"), .unknown(try found.text("why")))
        case .observe:
            content = .observation(
                try observation(try members("client", "workload", "function", "key", "value")))
        case .fault:
            content = .faultBegin(try fault(try members("fault", "kind", "nodes", "details")))
        case .heal:
            let found = try members("fault", "details")
            content = .faultEnd(
                fault: try found.number("fault"), details: try found.text("details"))
        case .leader:
            let found = try members("node", "term")
            content = .leader(
                node: try found.number("node"), term: UInt64(try found.number("term")))
        case .note:
            content = .note(try members("text").text("text"))
        }
        guard let time = place.member("t") else { throw place.failure("has no member \"t\"") }
        return Event(try time.integer(0...Self.most), content)
    }

    private func invocation(_ found: Members) throws(SchemaFailure) -> Invocation {
        var arguments: [Datum] = []
        for element in try found["arguments"].elements() { arguments.append(try Datum(element)) }
        return Invocation(
            operation: try found.number("op"), client: try found.number("client"),
            workload: try found.text("workload"), function: try found.text("function"),
            key: try found.text("key"), arguments: arguments)
    }

    private func observation(_ found: Members) throws(SchemaFailure) -> Observation {
        Observation(
            client: try found.number("client"), workload: try found.text("workload"),
            function: try found.text("function"), key: try found.text("key"),
            value: try Datum(found["value"]))
    }

    private func fault(_ found: Members) throws(SchemaFailure) -> Fault {
        var nodes: [Int] = []
        for element in try found["nodes"].elements() {
            nodes.append(Int(try element.integer(0...Self.most)))
        }
        return Fault(
            number: try found.number("fault"), kind: try found.text("kind"), nodes: nodes,
            details: try found.text("details"))
    }
}
