import JSON

/// A value in a history: an argument of an operation, or a part of its result.
package enum Datum: Sendable, Hashable {
    case nothing
    case truth(Bool)
    case integer(Int64)
    case text(String)
    case list([Datum])

    /// The integer, if it is one.
    package var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The text, if it is one.
    package var text: String? {
        if case .text(let value) = self { value } else { nil }
    }

    /// The truth, if it is one.
    package var truth: Bool? {
        if case .truth(let value) = self { value } else { nil }
    }

    /// The elements, if it is a list.
    package var list: [Datum]? {
        if case .list(let value) = self { value } else { nil }
    }

    /// The integers, if it is a list of nothing else.
    package var integers: [Int64]? {
        guard let list else { return nil }
        let found = list.compactMap(\.integer)
        return found.count == list.count ? found : nil
    }

    /// A list of integers.
    package static func integers(_ values: some Sequence<Int64>) -> Datum {
        .list(values.map { .integer($0) })
    }

    /// The datum as it stands in a line of a history.
    var json: JSONValue {
        switch self {
        case .nothing: .null
        case .truth(let value): .boolean(value)
        case .integer(let value): .number(value)
        case .text(let value): .string(value)
        case .list(let elements): .array(elements.map(\.json))
        }
    }

    /// Reads what `json` writes; throws for objects, and for numbers that are no `Int64`.
    init(_ place: JSONPlace) throws(SchemaFailure) {
        switch place.value {
        case .null: self = .nothing
        case .boolean(let value): self = .truth(value)
        case .number: self = .integer(try place.integer())
        case .string(let value): self = .text(value)
        case .array:
            var elements: [Datum] = []
            for element in try place.elements() { elements.append(try Datum(element)) }
            self = .list(elements)
        case .object: throw place.failure("must be no object")
        }
    }
}

extension Datum: CustomStringConvertible {
    /// As in a line of a history.
    package var description: String {
        json.text
    }
}

extension Datum: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
    ExpressibleByArrayLiteral, ExpressibleByBooleanLiteral
{
    package init(integerLiteral value: Int64) {
        self = .integer(value)
    }

    package init(stringLiteral value: String) {
        self = .text(value)
    }

    package init(arrayLiteral elements: Datum...) {
        self = .list(elements)
    }

    package init(booleanLiteral value: Bool) {
        self = .truth(value)
    }
}
