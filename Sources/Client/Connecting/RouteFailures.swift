import IOCore

/// Why nodes could not be used: of each that was tried, the last reason.
struct RouteFailures: CustomStringConvertible {
    /// How many nodes are told of.
    private static let most = 8
    private var reasons: [(address: String, text: String)] = []

    /// Notes why a node was given up; returns the reason with its address, once.
    mutating func note(_ reason: String, of address: Address) -> String {
        let name = "\(address)"
        let isNamed = Self.isIn(reason, "\(name):") || reason.hasPrefix("\(name) ")
        let text = isNamed ? reason : "\(name): \(reason)"
        reasons.removeAll { $0.address == name }
        reasons.append((name, text))
        if reasons.count > Self.most { reasons.removeFirst() }
        return text
    }

    /// Whether `part` stands in `text`; the search for texts of the standard library would make a C
    /// library of clients larger by a megabyte.
    private static func isIn(_ text: String, _ part: String) -> Bool {
        let (text, part) = (Array(text.utf8), Array(part.utf8))
        return text.indices.contains { text[$0...].starts(with: part) }
    }

    mutating func clear() {
        reasons = []
    }

    var description: String {
        reasons.isEmpty
            ? "no node was reached in time" : reasons.map(\.text).joined(separator: "; ")
    }
}
