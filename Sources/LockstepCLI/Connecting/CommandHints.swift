import ArgumentParser
import Wording

/// What to write where a word of the command line stands in the place of a command's name.
package enum CommandHints {
    /// The hint for the words behind the program's name; nil where all commands in them are known.
    package static func hint(on words: [String]) -> String? {
        var command: any ParsableCommand.Type = LockstepCommand.self
        var path = "lockstep"
        let asksForHelp = words.first == "help"
        for word in asksForHelp ? words.dropFirst() : words[...] {
            let names = command.configuration.subcommands.flatMap { Self.names($0) }
            guard !names.isEmpty else { return nil }
            let next = command.configuration.subcommands.first { Self.names($0).contains(word) }
            if let next {
                command = next
                path += " \(word)"
                continue
            }
            return hint(on: word, path, names)
        }
        return nil
    }

    private static func hint(on word: String, _ path: String, _ names: [String]) -> String? {
        if word == "help" {
            return "help stands in front, as in lockstep help\(path.dropFirst("lockstep".count)) "
                + (names.first ?? "")
        }
        if path == "lockstep scf", word == "-s" || word.hasPrefix("--select") {
            return "-s stands behind the command, as in lockstep scf setprop -s FMRI …"
        }
        guard !word.hasPrefix("-") else { return nil }
        let meant = NearestName.of(word, among: names).map { ", perhaps \($0) is meant" }
        let help = "lockstep help\(path.dropFirst("lockstep".count)) names all"
        return "\(path) has no command \(Words.quoted(word))\(meant ?? ""); \(help)"
    }

    private static func names(_ command: any ParsableCommand.Type) -> [String] {
        (command.configuration.commandName.map { [$0] } ?? []) + command.configuration.aliases
    }
}
