package import Configuration
internal import IOCore
package import IOPosix

/// Finds and reads the configuration's sources.
package struct ConfigurationReader {
    /// More than any sensible file; less than what would fill memory.
    package static let fileBytes = 1 << 20

    private let files: PosixFileSystem

    package init(files: PosixFileSystem) {
        self.files = files
    }

    /// Loads from all sources; a file that cannot be read is told like any other problem, together
    /// with those of the environment and flags.
    package func load(
        file: String?, environment: [String: String], flags: [(setting: Setting, text: String)]
    ) throws(ConfigurationFailure) -> LoadedConfiguration {
        var sources = ConfigurationSources()
        sources.environment = environment
        sources.flags = flags
        var unreadable: Problem?
        let variable = environment[ConfigurationSources.fileVariable]
        if let path = file ?? variable {
            let origin: Origin =
                file == nil
                ? .environment(ConfigurationSources.fileVariable) : .flag("--configuration")
            do throws(FileReadFailure) {
                sources.file = (path, try text(of: path))
            } catch {
                unreadable = Problem(origin, error.message)
            }
        }
        guard let unreadable else {
            let loaded = try sources.load()
            try checkTriggerFolder(loaded)
            return loaded
        }
        do throws(ConfigurationFailure) {
            _ = try sources.load()
        } catch {
            throw ConfigurationFailure([unreadable] + error.problems)
        }
        throw ConfigurationFailure([unreadable])
    }

    /// A folder that is not there would let every trigger fail, and only later.
    private func checkTriggerFolder(_ loaded: LoadedConfiguration) throws(ConfigurationFailure) {
        guard let folder = loaded.configuration.triggerPrograms else { return }
        let reason: String
        do throws(FileFailure) {
            // The dot: only a folder has one.
            guard try !files.exists(folder + "/.") else { return }
            reason = "is not there, or is no folder; make it"
        } catch {
            reason = "cannot be used: \(error.reason)"
        }
        throw ConfigurationFailure([
            Problem(
                loaded.origins[.triggerPrograms] ?? .configuration,
                "\(Setting.triggerPrograms.path): the folder \(folder) \(reason), or leave the"
                    + " setting out, and no trigger runs a program")
        ])
    }

    private struct FileReadFailure: Error {
        let message: String
    }

    private func text(of path: String) throws(FileReadFailure) -> String {
        let bytes: [UInt8]
        do throws(FileFailure) {
            // It may be a pipe, such as a shell makes of a command's output.
            bytes = try files.readStream(path, limitBytes: Self.fileBytes)
        } catch {
            throw FileReadFailure(message: "\(error)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw FileReadFailure(message: "\(path) is not UTF-8 text")
        }
        return text
    }
}
