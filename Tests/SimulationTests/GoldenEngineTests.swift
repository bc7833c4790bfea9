import Codec
import Glibc
import IOCore
import IOPosix
import Identifiers
import Properties
import PropertyStorage
import Replication
import RocksEngine
import Simulation
import Stores
import Testing
import Transactions
import Triggers
import WAL

/// A data directory as a daemon of each released format version has left it, RocksDB's files included, is
/// opened by the present program.
///
/// That of version 1 was made by a node alone, with no settings but its addresses: properties set, a
/// trigger, a manifest imported, `lockstep digest`, `lockstep snapshot`, three more properties, and SIGKILL.
/// So the engine was flushed at the digest's index, and the log goes beyond it. Left out are
/// `lock`, the log's spare, RocksDB's LOCK and LOG, and the zeroes at the end of the segment.
struct GoldenEngineTests {
    private static let version = 1
    /// What `lockstep digest` said, and up to where the log went.
    private static let flushed = LogIndex(19)
    private static let digest = "a2bbd07688c0178dd61fb920ce87ea81"
    private static let last = LogIndex(25)

    private let posix = PosixFileSystem()

    /// Copies what is below `source`, and makes segments as long as they were.
    private func copy(_ source: String, to target: String) throws {
        try posix.makeDirectory(target)
        for name in try posix.list(source) {
            let (from, to) = (source + "/" + name, target + "/" + name)
            guard try isFile(from) else {
                try copy(from, to: to)
                continue
            }
            let original = try posix.open(from, .readOnly)
            defer { original.close() }
            let file = try posix.open(to, .create)
            defer { file.close() }
            try file.write([original.read(at: 0, count: original.size())], at: 0)
            if name.hasPrefix("segment-") {
                try file.write([[0]], at: Limits.standard.segmentBytes - 1)
            }
        }
    }

    private func isFile(_ path: String) throws -> Bool {
        var status = stat()
        try #require(unsafe stat(path, &status) == 0)
        return status.st_mode & S_IFMT == S_IFREG
    }

    /// Runs `body` with a copy of the golden directory.
    private func withCopy(_ body: (String) throws -> Void) throws {
        let fixtures = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        var template = Array("/tmp/lockstep-golden-XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        let name = template.dropLast().map { UInt8(bitPattern: $0) }
        let root = String(decoding: name, as: UTF8.self)
        defer { try? posix.removeTree(root) }
        try copy("/\(fixtures)/Fixtures/daemon-directory-\(Self.version)", to: root + "/data")
        try body(root + "/data")
    }

    @Test
    func `the golden engine holds what the daemon said of it`() throws {
        try withCopy { root in
            let location = EngineLocation(root: root + "/engine", fileSystem: posix)
            let engine = try RestingEngine(try #require(try location.present()))
            defer { engine.close() }
            let report = try StateDigest.of(engine)
            #expect(report.index == Self.flushed)
            #expect("\(report.digest)" == Self.digest)
        }
    }

    @Test
    func `engine and log of the golden directory are opened together`() throws {
        try withCopy { root in
            let directory = try DataDirectory.open(fileSystem: posix, root: root)
            defer { directory.close() }
            let identity = try #require(directory.identity)
            let executor = Executor(
                stores: StoreRegistry([PropertyStore(), TriggerStore()]),
                commitGuard: TriggerGuard(), limits: .standard)
            let opened = try OpenedReplica.open(
                settings: ReplicaSettings(
                    node: identity.node, cluster: identity.cluster, dataDirectory: root),
                bootstrap: .empty, executor: executor, fileSystem: posix,
                engineFactory: RocksEngineFactory(), incarnation: identity.incarnation)
            #expect(opened.notes.isEmpty)
            let (log, recovery) = try WriteAheadLog.open(
                fileSystem: posix, directory: root + "/log", identity: identity,
                limits: .standard, engineDurable: Self.flushed, isLook: true)
            defer { log.close() }
            #expect(recovery.lastIndex == Self.last)
            #expect(recovery.damage.isEmpty)
        }
    }
}
