package import Lockstep
import Wording

/// What the options of `lockstep trigger add` demand of a transaction.
package struct TriggerConditions {
    /// The options without their dashes.
    package enum Option: String, CaseIterable, Sendable {
        case forbidChange = "forbid-change"
        case forbidDeletion = "forbid-deletion"
        case demandChange = "demand-change"
        case demandNote = "demand-note"
        case mostChanges = "most-changes"
        case requirePresent = "require-present"
        case requireAbsent = "require-absent"
        case requireType = "require-type"
        case requireValue = "require-value"
        case requireRange = "require-range"
        case requireRow = "require-row"
        case forbidRow = "forbid-row"
    }

    /// An option's text that is not what the option takes.
    package struct Fault: Error, Equatable {
        package let option: Option
        package let message: String
    }

    package var forbidChange: [String] = []
    package var forbidDeletion: [String] = []
    package var demandChange: [String] = []
    package var demandNote: [String] = []
    package var mostChanges: UInt64?
    /// Paths, and paths with a type, value or range behind `=`.
    package var requirePresent: [String] = []
    package var requireAbsent: [String] = []
    package var requireType: [String] = []
    package var requireValue: [String] = []
    package var requireRange: [String] = []
    /// Rows, as `STORE:HEX`.
    package var requireRow: [String] = []
    package var forbidRow: [String] = []
    /// What every veto says; nil: each condition speaks for itself.
    package var message: String?

    package init() {}

    /// The conditions in the order of the options.
    package func conditions() throws(Fault) -> [Trigger.Condition] {
        var all: [(Trigger.Demand, String)] = []
        all += forbidChange.map { (.noChange(keyPrefix: $0), "\($0)… must not change") }
        all += forbidDeletion.map { (.noDeletion(keyPrefix: $0), "\($0)… must not be deleted") }
        all += demandChange.map { (.someChange(keyPrefix: $0), "something at \($0)… must change") }
        all += demandNote.map { (.note($0), "the note \($0) is missing") }
        if let mostChanges {
            let changes = Words.counted(mostChanges, "change")
            all.append((.mostChanges(mostChanges), "more than \(changes)"))
        }
        for text in requirePresent {
            let key = try Self.path(text, .requirePresent)
            all.append((.present(.properties, key: key), "\(key) must be there"))
        }
        for text in requireAbsent {
            let key = try Self.path(text, .requireAbsent)
            all.append((.absent(.properties, key: key), "\(key) must not be there"))
        }
        all += try types()
        all += try values()
        all += try ranges()
        for text in requireRow {
            let (store, key) = try Self.row(text, .requireRow)
            all.append((.rowPresent(store: store, key: key), "row \(text) must be there"))
        }
        for text in forbidRow {
            let (store, key) = try Self.row(text, .forbidRow)
            all.append((.rowAbsent(store: store, key: key), "row \(text) must not be there"))
        }
        return all.map { Trigger.Condition($0.0, message: message ?? $0.1) }
    }

    private func types() throws(Fault) -> [(Trigger.Demand, String)] {
        var all: [(Trigger.Demand, String)] = []
        for text in requireType {
            let (key, word) = try Self.split(text, .requireType, "TYPE")
            guard PropertyType(rawValue: word) != nil else {
                let known = PropertyType.allCases.map(\.rawValue).joined(separator: ", ")
                throw Fault(
                    option: .requireType, message: "\"\(word)\" must be one of \(known)")
            }
            all.append(
                (.typed(.properties, key: key, type: word), "\(key) must be of type \(word)"))
        }
        return all
    }

    /// Values of one path, from several options, belong together.
    private func values() throws(Fault) -> [(Trigger.Demand, String)] {
        var all: [(key: String, values: [String])] = []
        for text in requireValue {
            let (key, value) = try Self.split(text, .requireValue, "VALUE")
            if let place = all.firstIndex(where: { $0.key == key }) {
                all[place].values.append(value)
            } else {
                all.append((key, [value]))
            }
        }
        return all.map { key, values in
            (
                .equal(.properties, key: key, values: values),
                "\(key) must be \(values.joined(separator: ", "))"
            )
        }
    }

    private func ranges() throws(Fault) -> [(Trigger.Demand, String)] {
        var all: [(Trigger.Demand, String)] = []
        for text in requireRange {
            let (key, range) = try Self.split(text, .requireRange, "LOWER..UPPER")
            let ends = range.split(separator: "..", omittingEmptySubsequences: false)
            guard ends.count == 2, let lower = Int64(ends[0]), let upper = Int64(ends[1]) else {
                throw Fault(
                    option: .requireRange,
                    message: "\"\(range)\" is no range of whole numbers; "
                        + "write LOWER..UPPER, both ends included, such as 1..65535")
            }
            guard lower <= upper else {
                throw Fault(
                    option: .requireRange,
                    message: "\"\(range)\" has its lower end above its upper one")
            }
            all.append(
                (
                    .inRange(.properties, key: key, lower: lower, upper: upper),
                    "\(key) must lie in \(lower)..\(upper)"
                ))
        }
        return all
    }

    private static func path(_ text: String, _ option: Option) throws(Fault) -> String {
        guard let location = PropertyLocation(argument: text) else {
            throw Fault(
                option: option,
                message: "\"\(text)\" is no path; "
                    + "write svc:/service[:instance][/:properties/group[/property]]")
        }
        return location.path
    }

    private static func split(
        _ text: String, _ option: Option, _ what: String
    ) throws(Fault) -> (key: String, rest: String) {
        guard let sign = text.firstIndex(of: "="),
            let location = PropertyLocation(argument: String(text[..<sign])),
            location.kind == .property
        else {
            throw Fault(
                option: option,
                message: "\"\(text)\" is not PROPERTY=\(what), such as "
                    + "svc:/web:default/:properties/http/port=…")
        }
        return (location.path, String(text[text.index(after: sign)...]))
    }

    private static func row(
        _ text: String, _ option: Option
    ) throws(Fault) -> (StoreKind, [UInt8]) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let store = StoreKind(rawValue: String(parts[0])),
            let key = bytes(hexadecimal: parts[1]), !key.isEmpty
        else {
            let known = StoreKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw Fault(
                option: option,
                message: "\"\(text)\" is not STORE:KEY, with STORE one of \(known) and "
                    + "KEY the row's key in hexadecimal")
        }
        return (store, key)
    }

    /// The bytes of an even number of hexadecimal digits; nil for anything else.
    static func bytes(hexadecimal text: some StringProtocol) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = nibble(digits[place]), let low = nibble(digits[place + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
}
