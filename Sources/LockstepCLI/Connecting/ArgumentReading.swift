import ArgumentParser
import Lockstep

/// Reads arguments of the client library's types.
package enum ArgumentReading {
    /// What to do about a wrong command line beyond what the parser says of it; nil for nothing.
    package static func hint(on message: String) -> String? {
        guard let name = message.split(separator: "'").dropFirst().first,
            message.contains("Unknown option '"), name.hasPrefix("-"),
            name.dropFirst().first?.isNumber == true
        else { return nil }
        return "a value that begins with - is given behind --, such as: -- \(name)"
    }

    /// Throws where a word of the command line is no UTF-8, which would be taken repaired.
    static func checkEncoding() throws(CommandFailure) {
        for place in 0..<Int(CommandLine.argc) {
            guard let word = unsafe CommandLine.unsafeArgv[place] else { continue }
            guard unsafe String(validatingCString: word) == nil else { continue }
            throw CommandFailure(
                .usage,
                "word \(place) of the command line is no UTF-8; check how the terminal or the "
                    + "script encodes it")
        }
    }

    static func endpoint(_ text: String) throws -> Endpoint {
        guard let endpoint = Endpoint(text), endpoint.port > 0 else {
            throw ValidationError("\"\(text)\" is no address; write HOST:PORT or [IPV6]:PORT")
        }
        return endpoint
    }

    static func store(_ text: String) throws -> StoreKind {
        try choice(text)
    }

    static func propertyType(_ text: String) throws -> PropertyType {
        try choice(text)
    }

    private static func choice<Choice: RawRepresentable & CaseIterable>(
        _ text: String
    ) throws -> Choice where Choice.RawValue == String {
        guard let choice = Choice(rawValue: text) else {
            let allowed = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("\"\(text)\" must be one of \(allowed)")
        }
        return choice
    }
}
