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
        return first == nil || end == nil ? .outside : .inside
    }
}
