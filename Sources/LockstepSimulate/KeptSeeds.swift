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
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
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

    private static func entry(_ words: [String]) throws -> Entry {
        let command = try SimulateCommand.parse(words)
        guard let seed = command.seed else { throw ValidationError("--seed is missing") }
        // A number of a fault is another fault after any change of schedules.
        guard command.only == nil else { throw ValidationError("--only does not last") }
        return Entry(seed: seed, settings: command.settings)
    }
}
