/// Between which indexes somebody was told of everything, and when they said so.
///
/// The log has one order, which agrees with that of answers: what was begun once the beginning was told
/// has no index before it, and what was answered before the end was told has none behind it. Whoever
/// tells the end does so when the last answer is there.
struct ToldWindow {
    /// The first index, with the place of the event that told it.
    private(set) var first: (index: Int64, place: Int)?
    /// The last index, likewise.
    private(set) var end: (index: Int64, place: Int)?

    /// Notes the beginning, if it is the first that is told.
    mutating func begins(_ index: Int64, at place: Int) {
        if first == nil { first = (index, place) }
    }

    mutating func ends(_ index: Int64, at place: Int) {
        end = (index, place)
    }

    /// What an index can be: no arithmetic on it goes beyond a number of 64 bits.
    static func isIndex(_ number: Int64) -> Bool {
        (0...1 << 62).contains(number)
    }

    /// Where the index is that an operation was answered with.
    enum Place {
        case inside
        /// Before what was told of first, or behind the end, where it may be.
        case outside
        /// Where it cannot be, in words.
        case impossible(String)
    }

    func place(of operation: Operation, at index: Int64) -> Place {
        if let first, index < first.index {
            guard operation.startEvent > first.place else { return .outside }
            return .impossible("was answered with an index before \(first.index)")
        }
        if let end, index > end.index {
            guard let answered = operation.endEvent, answered < end.place else { return .outside }
            return .impossible("was answered with an index behind the end, \(end.index)")
        }
        return isWhole ? .inside : .outside
    }

    /// Whether both were told.
    var isWhole: Bool { first != nil && end != nil }
}

/// What one watcher is told: `start` with the index of which it asked to be told first, when it began or
/// resumed; `see` with `[index, id]`; and `end` with the index up to which it knows that it was told all.
struct Telling {
    private(set) var window = ToldWindow()
    private var last: Int64 = 0

    /// Notes one observation, and reports what is not in order: indexes grow, and what it resumes from is
    /// what comes next.
    ///
    /// - Returns: what was seen, if anything.
    mutating func note(
        _ timed: TimedObservation, _ report: inout CheckReport
    ) -> (index: Int64, id: Datum)? {
        let seen = timed.observation
        func complain(_ text: String) {
            report.add(Finding("watcher \(seen.client): \(text)"))
        }
        switch (seen.function, seen.value) {
        case ("start", .integer(let index)) where ToldWindow.isIndex(index):
            if window.first != nil, index > last + 1 {
                complain("resumed at \(index), after \(last)")
            }
            window.begins(index, at: timed.place)
            last = max(last, index - 1)
        case ("end", .integer(let index)) where ToldWindow.isIndex(index):
            window.ends(index, at: timed.place)
            if last > index { complain("ended at \(index), after \(last)") }
        case ("see", .list(let parts))
        where parts.count == 2 && parts[0].integer.map(ToldWindow.isIndex) ?? false:
            let index = parts[0].integer ?? 0
            if let end = window.end { complain("\(index) came after the end, \(end.index)") }
            if index <= last { complain("\(index) came after \(last)") }
            last = max(last, index)
            return (index, parts[1])
        default:
            complain("no observation of a watcher: \(seen.function) \(seen.value)")
        }
        return nil
    }
}

extension History {
    /// The operations of a workload that are of one function and name themselves by their first argument;
    /// any other is reported, and so is a second one of a name.
    func operations(
        of workload: String, _ function: String, _ report: inout CheckReport
    ) -> [Operation] {
        var named: [Datum: Operation] = [:]
        return operations(of: workload).filter { operation in
            let numbers = [operation.number]
            guard operation.invocation.function == function,
                let id = operation.invocation.arguments.first, id != .nothing
            else {
                report.add(Finding("no \(function) with a name: \(operation)", operations: numbers))
                return false
            }
            if let other = named.updateValue(operation, forKey: id) {
                report.add(
                    Finding(
                        "\(other) and \(operation) have one name",
                        operations: [other.number] + numbers))
            }
            return true
        }
    }
}
