import Codec
import IOCore
import IOPosix
import Identifiers
import WAL

/// The log of a node that does not run; nothing is changed.
///
/// It is read without the store engine, so that what the next start makes of a last group that is not
/// whole cannot be told.
struct LogInspection {
    let directory: String
    let identity: WriteAheadLog.Identity
    let recovery: WriteAheadLog.Recovery

    /// Reads and verifies every byte of the log in a data directory.
    init(dataDirectory: String) throws(CommandFailure) {
        let files = ReadOnlyFileSystem(base: PosixFileSystem())
        directory = dataDirectory
        do throws(FileFailure) {
            guard try files.exists(dataDirectory) else {
                throw FileFailure(
                    .notFound, "open", path: dataDirectory, reason: "no such directory")
            }
        } catch {
            throw CommandFailure(.noInput, "\(error)")
        }
        do throws(WALFailure) {
            let data = try DataDirectory.open(fileSystem: files, root: dataDirectory)
            defer { data.close() }
            guard let identity = data.identity else { throw .noDataDirectory(dataDirectory) }
            self.identity = identity
            guard (try? files.exists(data.layout.log)) == true else {
                throw .segmentMissing(file: data.layout.log)
            }
            let (log, recovery) = try WriteAheadLog.open(
                fileSystem: files, directory: data.layout.log, identity: identity,
                limits: .standard, engineDurable: nil)
            log.close()
            self.recovery = recovery
        } catch {
            throw Self.failure(error)
        }
    }

    private static func failure(_ error: WALFailure) -> CommandFailure {
        if case .file(let file) = error {
            if file.kind == .locked {
                return CommandFailure(
                    .temporary, "\(file); or ask the running node by --endpoints, without --data")
            }
            return CommandFailure(.noInput, "\(error)")
        }
        return CommandFailure(.negative, "\(error)")
    }
}
