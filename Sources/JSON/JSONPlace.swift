/// A value inside a document and the way to it, for reading a document by its schema.
package struct JSONPlace: Sendable {
    package let value: JSONValue
    /// Such as `$.steps[2].values[0]`.
    package let path: String

    package init(_ root: JSONValue) {
        value = root
        path = "$"
    }

    private init(_ value: JSONValue, path: String) {
        self.value = value
        self.path = path
    }

    /// A failure at this place.
    package func failure(_ message: String) -> SchemaFailure {
        SchemaFailure(path: path, message: message)
    }

    /// The members, none of which may have a name outside `allowed`.
    package func members(allowed: [String]) throws(SchemaFailure) -> [String: JSONPlace] {
        guard case .object(let members) = value else {
            throw failure(
                "must be an object with \(allowed.joined(separator: ", ")), not \(value.kind)")
        }
        var places: [String: JSONPlace] = [:]
        for member in members {
            guard allowed.contains(member.name) else {
                throw failure(
                    "has a member \(member.name.quotedBeginning); "
                        + "allowed: \(allowed.joined(separator: ", "))")
            }
            places[member.name] = JSONPlace(member.value, path: "\(path).\(member.name)")
        }
        return places
    }

    /// One member, whatever others there are; nil if it is absent.
    package func member(_ name: String) -> JSONPlace? {
        value[name].map { JSONPlace($0, path: "\(path).\(name)") }
    }

    package func elements() throws(SchemaFailure) -> [JSONPlace] {
        guard case .array(let elements) = value else {
            throw failure("must be an array, not \(value.kind)")
        }
        return elements.enumerated().map { JSONPlace($1, path: "\(path)[\($0)]") }
    }

    package func string() throws(SchemaFailure) -> String {
        guard case .string(let text) = value else {
            throw failure("must be a string, not \(value.kind)")
        }
        return text
    }

    package func boolean() throws(SchemaFailure) -> Bool {
        guard case .boolean(let truth) = value else {
            throw failure("must be true or false, not \(value.kind)")
        }
        return truth
    }

    /// A whole number in `range`.
    package func integer<Number: FixedWidthInteger>(
        _ range: ClosedRange<Number> = Number.min...Number.max
    ) throws(SchemaFailure) -> Number {
        let allowed = "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard case .number(let digits) = value else {
            throw failure("\(allowed), not \(value.kind)")
        }
        guard let number = Number(digits), range.contains(number) else {
            throw failure("\(allowed), not \(digits)")
        }
        return number
    }

    /// One of `choices`, which are told if it is none of them.
    package func choice<Choice: RawRepresentable & CaseIterable>(
        of choices: Choice.Type
    ) throws(SchemaFailure) -> Choice where Choice.RawValue == String {
        let text = try string()
        guard let choice = Choice(rawValue: text) else {
            let allowed = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw failure("must be one of \(allowed), not \(text.quotedBeginning)")
        }
        return choice
    }
}

/// Why a document does not keep to its schema, and where.
package struct SchemaFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let path: String
    package let message: String

    package var description: String {
        "\(path) \(message)"
    }
}

extension String {
    /// The text in quotes for a message; of one that is longer than a line the beginning alone.
    var quotedBeginning: String {
        JSONValue.string(count > 40 ? prefix(40) + "…" : self).text
    }
}
