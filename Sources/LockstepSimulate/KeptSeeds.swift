import ArgumentParser
package import Simulation

/// Seeds that have once shown a fault, from a file: the options of one run a line, and behind `#` what it
/// showed.
package struct KeptSeeds: Sendable {
    /// The run of one seed.
    package struct Entry: Sendable {
        package let seed: UInt64
        package let settings: RunSettings
    }

    package private(set) var entries: [Entry] = []

    /// Reads the text of such a file.
    ///
    /// - Throws: `ValidationError` that names the line.
    package init(_ text: String) throws {
        // A line that ends as on other systems has one sign at its end, not two.
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (number, line) in lines.enumerated() {
            let words = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
            guard !words.isEmpty else { continue }
            do {
                entries.append(try Self.entry(words))
            } catch {
                throw ValidationError(
                    "line \(number + 1): \(SimulateCommand.message(for: error))")
            }
        }
        guard !entries.isEmpty else { throw ValidationError("there is no seed in it") }
    }

    /// The options that make a run what it is.
    ///
    /// A number of a fault is none: it is another fault after any change of schedules.
    private static let ofRuns: Set<Substring> = [
        "--seed", "--fault-seconds", "--nodes", "--think-milliseconds", "--calm", "--disks-lie",
        "--planted",
    ]

    private static func entry(_ words: [String]) throws -> Entry {
        // Before the parser, which would answer some with all of the help.
        for word in words where word.hasPrefix("-") && Int(word) == nil {
            guard ofRuns.contains(word.prefix { $0 != "=" }) else {
                throw ValidationError("\(word) is none of one run's options")
            }
        }
        let command = try SimulateCommand.parse(words)
        if let twice = SimulateCommand.repeated(in: words) {
            throw ValidationError("\(twice) is there twice")
        }
        guard let seed = command.seed else { throw ValidationError("--seed is missing") }
        return Entry(seed: seed, settings: command.settings)
    }
}
