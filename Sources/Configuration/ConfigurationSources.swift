import Wording

/// The places a configuration comes from, each laid over the one before: defaults, file, environment,
/// flags.
package struct ConfigurationSources: Sendable {
    /// A file's name for messages, and its text.
    package var file: (path: String, text: String)?
    /// All variables; those that do not begin with `LOCKSTEP_` are not looked at.
    package var environment: [String: String] = [:]
    package var flags: [(setting: Setting, text: String)] = []

    /// The variable that names the file, where no flag does.
    package static let fileVariable = "LOCKSTEP_CONFIGURATION"
    /// Variables that are read by other programs of the project.
    private static let othersVariables: Set<String> = [fileVariable, "LOCKSTEP_ENDPOINTS"]

    package init() {}

    /// Reads and checks everything; throws all problems there are.
    package func load() throws(ConfigurationFailure) -> LoadedConfiguration {
        var draft = Draft()
        var problems: [Problem] = []
        if let file {
            draft.lay(ConfigurationFile(file.text, path: file.path))
        }
        for (name, text) in environment.sorted(by: { $0.key < $1.key })
        where name.hasPrefix("LOCKSTEP_") && !Self.othersVariables.contains(name) {
            guard let setting = Setting.allCases.first(where: { $0.environmentName == name }) else {
                problems.append(unknown(name))
                continue
            }
            draft.lay(setting, text, .environment(name))
        }
        for (setting, text) in flags {
            draft.lay(setting, text, .flag(setting.flagName))
        }
        let configuration = draft.settled()
        problems = draft.problems + problems
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
        return LoadedConfiguration(configuration: configuration, origins: draft.origins)
    }

    private func unknown(_ name: String) -> Problem {
        let known = Setting.allCases.map(\.environmentName)
        return Problem(
            .environment(name),
            "this variable is not known" + NearestName.hint(name, among: known)
                + "; allowed: " + known.joined(separator: ", "))
    }
}

/// A configuration, and where each of its settings was given.
package struct LoadedConfiguration: Sendable, Equatable {
    package let configuration: NodeConfiguration
    /// What is absent here has its default.
    package let origins: [Setting: Origin]
}
