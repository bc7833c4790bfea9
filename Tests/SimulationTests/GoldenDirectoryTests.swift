import Codec
import Digests
import Glibc
import IOCore
import IOPosix
import Identifiers
import Replication
import Simulation
import Testing
import Transactions
import WAL

/// A data directory of each released format version is opened by the present program.
///
/// `LOCKSTEP_WRITE_FIXTURE=1 swift test --filter GoldenDirectoryTests` writes the present version's
/// anew: identity and log, of a node alone, with what they must come to. The engine's files are
/// RocksDB's own, and are made again from the log. The suite's other tests see it from the next run on.
struct GoldenDirectoryTests {
    private static let version = 1
    private static let root: String = {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(folder)/Fixtures/data-directory-\(version)"
    }()

    private let posix = PosixFileSystem()

    private func nodes() -> WholeNodes {
        var limits = RunSettings().limits
        limits.segmentBytes = 8 << 10
        return WholeNodes(seed: 5, nodes: 1, limits: limits)
    }

    /// What the directory comes to: the last record, the chain's digest there, and that of all changes.
    private func summary(_ nodes: WholeNodes, through last: LogIndex) throws -> String {
        let replica = try #require(nodes.hosts[0].replica)
        let digester = Digester()
        let page = try FeedReader(limits: nodes.limits).page(
            from: LogIndex(1), in: replica.presentEngine)
        let sets = page.changeSets.filter { $0.index <= last }
        for set in sets { digester.update(set.encoded()) }
        let chain = try #require(replica.chainDigest(at: last))
        let changes = digester.finishBits128()
        return "records \(last)\nchain \(chain)\nchanges \(sets.count) \(changes)\n"
    }

    private func read(_ path: String) throws -> [UInt8] {
        let file = try posix.open(path, .readOnly)
        defer { file.close() }
        return try file.read(at: 0, count: try file.size())
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        if try posix.exists(path) { try posix.remove(path) }
        let file = try posix.open(path, .create)
        defer { file.close() }
        try file.write([bytes], at: 0)
        try file.sync()
    }

    /// Puts the golden files, changed by `change`, on the disk of a node that is down.
    private func put(_ nodes: WholeNodes, _ change: (inout [UInt8]) -> Void = { _ in }) throws {
        let disk = nodes.hosts[0].disk
        try disk.makeDirectory("/data/log")
        for name in try posix.list(Self.root + "/log") {
            var bytes = try read(Self.root + "/log/" + name)
            change(&bytes)
            let file = try disk.open("/data/log/" + name, .create)
            try file.write([bytes], at: 0)
            try file.sync()
        }
        let identity = try disk.open("/data/identity", .create)
        try identity.write([try read(Self.root + "/identity")], at: 0)
        try identity.sync()
        try disk.syncNames(to: "/data/log/all")
        try disk.syncDirectory("/data")
    }

    @Test(.enabled(if: unsafe getenv("LOCKSTEP_WRITE_FIXTURE") != nil))
    func `the present version's directory is written`() throws {
        let nodes = nodes()
        let host = nodes.hosts[0]
        try DataDirectory.open(fileSystem: host.disk, root: "/data").initialize(
            WriteAheadLog.Identity(
                cluster: SimulatedCluster.identifier, node: host.node,
                incarnation: Incarnation(host.incarnation)))
        try #require(nodes.start())
        let last = try #require(nodes.write(60))
        try #require(nodes.settle())
        let summary = try summary(nodes, through: last)
        nodes.crashAll()
        try posix.removeTree(Self.root)
        try posix.makeDirectory(Self.root + "/log")
        for path in host.disk.paths(below: "/data/log/segment-") + ["/data/identity"] {
            let bytes = try #require(host.disk.bytes(of: path))
            try write(bytes, to: Self.root + path.dropFirst("/data".count))
        }
        try write(Array(summary.utf8), to: Self.root + "/expected")
    }

    @Test
    func `the golden directory comes to what it came to when it was written`() throws {
        let nodes = nodes()
        try put(nodes)
        #expect(nodes.start())
        #expect(nodes.write(1) != nil)
        let expected = String(decoding: try read(Self.root + "/expected"), as: UTF8.self)
        let words = expected.split(whereSeparator: \.isWhitespace)
        let last = try #require(UInt64(words[1]))
        #expect(try summary(nodes, through: LogIndex(last)) == expected)
    }

    @Test
    func `the golden identity is read`() throws {
        let host = nodes().hosts[0]
        let path = Self.root + "/identity"
        let identity = try DataDirectory.decode(try read(path), file: path)
        #expect(identity.cluster == SimulatedCluster.identifier)
        #expect(identity.node == host.node)
        #expect(identity.incarnation == Incarnation(host.incarnation))
    }

    @Test
    func `a log of a future version is refused, and not touched`() throws {
        let nodes = nodes()
        try put(nodes) { bytes in
            for copy in [0, 512] {
                var writer = ByteWriter()
                writer.writeUInt32(UInt32(Self.version + 1))
                bytes.replaceSubrange((copy + 8)..<(copy + 12), with: writer.take())
                var sum = ByteWriter()
                sum.writeUInt32(Checksum.crc32c(bytes, in: copy..<(copy + 124)))
                bytes.replaceSubrange((copy + 124)..<(copy + 128), with: sum.take())
            }
        }
        let host = nodes.hosts[0]
        let before = host.disk.paths(below: "/data/log/").map { host.disk.bytes(of: $0) }
        nodes.cluster.start(host)
        #expect(host.process == nil)
        #expect(nodes.refusals.contains { $0.contains("version \(Self.version + 1)") })
        #expect(host.disk.paths(below: "/data/log/").map { host.disk.bytes(of: $0) } == before)
    }
}
