import ArgumentParser
import Configuration
import IOCore
import IOPosix
import LogOutput
import Logging
import Wire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The daemon: one node of a cluster, in the foreground, until it is told to stop.
@main
struct Lockstepd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockstepd",
        abstract: "Run one node of a Lockstep cluster in the foreground.",
        discussion: """
            Settings come from flags, the environment, a YAML file and defaults; the first of them \
            that gives a setting wins. In the file, --timers-election stands as election under \
            timers. With nothing but --data, a node runs alone on loopback: clients at port 4710, \
            peers at 4711, metrics at 4712.

            SIGTERM and SIGINT make the node hand leadership over, answer what is under way and \
            stop; after \(DrainBound.seconds) s it ends without what it still waits for, such as a disk \
            that hangs. A second one ends it at once.

            ENVIRONMENT
            \(SettingOptions.environmentNames)

            EXIT CODES
              0   stopped as it was told to, or nothing but text was asked for
              64  the command line is wrong
              65  the data directory is damaged, holds files of another node, or is of a later
                  version
              69  the cluster to join does not answer
              70  an error in the program itself
              73  the data directory cannot be made or opened
              74  reading or writing failed: the disk is full, broken or too slow
              75  a port or the data directory is in use by another process, or the stop that was
                  asked for has taken too long; try later
              78  the configuration is wrong, each problem told on a line of its own; or an address to
                  listen on is not of this machine, or its port needs a privilege; or the data
                  directory belongs to another node
              130, 143  a second SIGINT or SIGTERM ended it at once; nothing acknowledged is lost
            """,
        version: Release.version)

    @OptionGroup(title: "Settings") var settings: SettingOptions

    @Option(
        name: .customLong("configuration"),
        help: ArgumentHelp(
            "Read settings from this YAML file (LOCKSTEP_CONFIGURATION).", valueName: "file"))
    var file: String?

    @Flag(
        name: .customLong("print-configuration"),
        help: "Print all settings, each with where it came from, and exit.")
    var printsConfiguration = false

    static func main() {
        StandardDescriptors.hold()
        main(nil)
    }

    static func main(_ words: [String]?) {
        do {
            var command = try parseAsRoot(words)
            try command.run()
        } catch {
            let text = fullMessage(for: error)
            // Of a text that was asked for, such as the help, the parser would not tell that it could
            // not be written.
            guard exitCode(for: error) == .success, !text.isEmpty else { exit(withError: error) }
            do { try show(text + "\n") } catch { exit(withError: error) }
        }
    }

    /// Writes to the standard output alone.
    private static func show(_ text: String) throws {
        StandardOutput.takeNoSignal()
        StandardOutput.write(text: text)
        guard StandardOutput.finish(as: "lockstepd") else {
            throw ExitCode(DaemonExit.inputOutput.rawValue)
        }
    }

    func run() throws {
        let loaded: LoadedConfiguration
        do {
            loaded = try ConfigurationReader(files: PosixFileSystem())
                .load(file: file, environment: ProcessEnvironment.all, flags: settings.given)
        } catch {
            StandardError.write("\(error)\n")
            throw ExitCode(DaemonExit.configuration.rawValue)
        }
        if printsConfiguration {
            return try Self.show(loaded.yaml)
        }
        let logger = Logging.logger(loaded.configuration.log)
        do {
            let code = try runNode(loaded.configuration, logger: logger)
            throw ExitCode(code)
        } catch let exit as ExitCode {
            throw exit
        } catch {
            let failure = error as? DaemonFailure
            let status = failure?.status ?? DaemonExit.software.rawValue
            let text = failure?.text ?? "\(error)"
            logger.critical("stopped", metadata: ["error": "\(text)", "exit-code": "\(status)"])
            throw ExitCode(status)
        }
    }
}

/// The logger that the configuration asks for.
enum Logging {
    static func logger(_ settings: NodeConfiguration.LogSettings) -> Logger {
        let level = Logger.Level(rawValue: settings.level.rawValue) ?? .info
        let format: LineLogHandler.Format =
            switch settings.format {
            case .text: .text
            case .json: .json
            }
        return Logger(label: "lockstepd") { label in
            LineLogHandler(label: label, format: format, level: level)
        }
    }
}
