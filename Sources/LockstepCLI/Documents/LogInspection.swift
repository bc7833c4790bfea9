import Codec
import IOCore
import IOPosix
import Identifiers
import KeyValue
import Lockstep
import Replication
import RocksEngine
import WAL

/// The log of a node that does not run, and its store; nothing is changed.
///
/// Without the store, what the next start makes of a last group that is not whole cannot be told.
struct LogInspection {
    let directory: String
    let identity: WriteAheadLog.Identity
    let recovery: WriteAheadLog.Recovery
    /// What the store holds, or why it cannot be read; nil where it was not looked at.
    let store: Result<StoreInspection, CommandFailure>?

    /// Reads and verifies every byte of the log in a data directory, and with `withStore` every row.
    init(dataDirectory: String, withStore: Bool) throws(CommandFailure) {
        let progress = Locked<(bar: ProgressReport, bytes: Int)?>(nil)
        defer { progress.withLock { $0?.bar.finish() } }
        let files = ReadOnlyFileSystem(base: PosixFileSystem()) { count in
            progress.withLock { shown in
                shown?.bytes += count
                shown?.bar.update(shown?.bytes ?? 0)
            }
        }
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
            let store = withStore ? Self.readStore(data.layout, files) : nil
            self.store = store
            let total = Self.bytes(of: data.layout.log, files)
            progress.withLock { $0 = (ProgressReport("log, bytes", total: total), 0) }
            let register = try SegmentRegister(
                fileSystem: files, layout: data.layout, incarnation: identity.incarnation)
            let (log, recovery) = try WriteAheadLog.open(
                fileSystem: files, directory: data.layout.log, identity: identity,
                limits: .standard, engineDurable: try? store?.get().position.index,
                register: register, isLook: true)
            log.close()
            self.recovery = recovery
        } catch {
            throw Self.failure(error)
        }
    }

    /// The bytes of all files in the log's directory, as far as they can be told.
    private static func bytes(of directory: String, _ files: ReadOnlyFileSystem) -> Int {
        let names = (try? files.list(directory)) ?? []
        return names.reduce(0) { sum, name in
            guard let file = try? files.open("\(directory)/\(name)", .readOnly) else { return sum }
            defer { file.close() }
            return sum + ((try? file.size()) ?? 0)
        }
    }

    private static func readStore(
        _ layout: DataDirectoryLayout, _ files: ReadOnlyFileSystem
    ) -> Result<StoreInspection, CommandFailure> {
        do {
            let location = EngineLocation(root: layout.engine, fileSystem: files)
            guard let present = try location.present() else {
                return .failure(CommandFailure(.negative, "there is no store in \(layout.engine)"))
            }
            let engine = try RestingEngine(present)
            defer { engine.close() }
            // What RocksDB estimates leaves out rows that no table has yet: 0 is no estimate.
            let estimate = engine.estimatedRows
            let bar = ProgressReport("store, rows", total: estimate > 0 ? estimate : nil)
            defer { bar.finish() }
            bar.update(0)
            return .success(
                try StoreInspection.of(engine) { bar.update(Int(clamping: $0)) })
        } catch {
            let isDamage = (error as? EngineFailure)?.isDamage == true
            return .failure(CommandFailure(isDamage ? .negative : .noInput, "\(error)"))
        }
    }

    /// What is wrong with the log; a sentence each.
    var logProblems: [String] {
        recovery.damage.map { "\($0)" } + recovery.rottenHeaders
    }

    /// What is wrong with the store, by itself and beside the log; a sentence each.
    var storeProblems: [String] {
        switch store {
        case .success(let store): store.problems(with: recovery, of: identity)
        case .failure(let failure): [failure.text]
        case nil: []
        }
    }

    /// Up to `count` of the frames from the one with record `first` on.
    func frames(from first: UInt64, count: Int) -> LogFramesReport {
        let frames = recovery.frames.filter { $0.lastIndex.rawValue >= first }.prefix(count)
        return LogFramesReport(
            node: identity.node.rawValue, term: recovery.voting.term.rawValue,
            firstIndex: recovery.start.index.next.rawValue,
            lastIndex: recovery.lastIndex.rawValue,
            frames: frames.map { header in
                LogFrameReport(
                    firstIndex: header.firstIndex.rawValue, records: UInt64(header.count),
                    term: header.term.rawValue, kind: "\(header.kind)",
                    storedBytes: UInt64(header.storedBytes), rawBytes: UInt64(header.rawBytes),
                    digest: "\(header.digest)")
            })
    }

    private static func failure(_ error: WALFailure) -> CommandFailure {
        if case .file(let file) = error {
            if file.kind == .locked {
                return CommandFailure(
                    .temporary, "\(file); or ask the running node by --endpoints, without --data")
            }
            return CommandFailure(.noInput, "\(error)")
        }
        if case .noDataDirectory = error { return CommandFailure(.noInput, "\(error)") }
        return CommandFailure(.negative, "\(error)")
    }
}
