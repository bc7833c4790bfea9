internal import Codec
package import IOCore
internal import Identifiers

/// Where everything is below a node's data directory.
package struct DataDirectoryLayout: Hashable, Sendable {
    package let root: String

    package init(root: String) {
        self.root = root
    }
    /// Cluster, node and incarnation (`DataDirectory`).
    package var identityFile: String { root + "/identity" }
    /// Locked as long as a node uses the directory.
    package var lockFile: String { root + "/lock" }
    /// The segments of the write-ahead log.
    package var log: String { root + "/log" }
    /// The number of the log's newest segment (`SegmentRegister`).
    package var segmentRegister: String { root + "/segments" }
    /// The store engine.
    package var engine: String { root + "/engine" }
    /// Snapshots on their way in or out, and uploads; nothing in it survives a restart.
    package var staging: String { root + "/staging" }
}

/// A node's data directory: its lock, and whose it is.
///
/// The identity file is made once, under another name that is then replaced. Integers are
/// little-endian.
///
/// | offset | bytes | field |
/// |--:|--:|---|
/// | 0 | 8 | magic: "LkstpDir" |
/// | 8 | 4 | format version: 1 |
/// | 12 | 4 | 0 |
/// | 16 | 16 | cluster: high word, low word |
/// | 32 | 8 | node |
/// | 40 | 8 | incarnation |
/// | 48 | 4 | CRC32C of bytes 0 to 47 |
package final class DataDirectory {
    package let layout: DataDirectoryLayout
    /// Nil where the directory is new: `initialize` gives it one.
    package private(set) var identity: WriteAheadLog.Identity?
    private let fileSystem: any FileSystem
    private var lock: (any FileLock)?

    package static let formatVersion: UInt32 = 1
    private static let byteCount = 52
    private static let magic: UInt64 = 0x7269_4470_7473_6B4C

    private init(
        _ layout: DataDirectoryLayout, _ identity: WriteAheadLog.Identity?,
        _ fileSystem: any FileSystem, _ lock: any FileLock
    ) {
        self.layout = layout
        self.identity = identity
        self.fileSystem = fileSystem
        self.lock = lock
    }

    /// Makes the directory where it is missing, locks it, and reads whose it is.
    ///
    /// - Throws: `file` (kind `locked` where another process has it); `unreadable`,
    ///   `futureFormat`; `identityMissing` where a log or an engine is there without an identity.
    package static func open(
        fileSystem: any FileSystem, root: String
    ) throws(WALFailure) -> DataDirectory {
        let layout = DataDirectoryLayout(root: root)
        let lock = try reading { () throws(FileFailure) in
            try fileSystem.makeDirectory(root)
            return try fileSystem.lock(layout.lockFile)
        }
        let bytes = try reading { () throws(FileFailure) -> [UInt8]? in
            guard try fileSystem.exists(layout.identityFile) else { return nil }
            let file = try fileSystem.open(layout.identityFile, .readOnly)
            defer { file.close() }
            return try file.read(at: 0, count: byteCount + 1)
        }
        guard let bytes else {
            try refuseRemains(fileSystem, layout)
            return DataDirectory(layout, nil, fileSystem, lock)
        }
        let identity = try decode(bytes, file: layout.identityFile)
        // Who named it, or the engine, may have been killed before this.
        try reading { () throws(FileFailure) in try fileSystem.syncDirectory(layout.root) }
        return DataDirectory(layout, identity, fileSystem, lock)
    }

    /// Gives a new directory its identity, durably.
    ///
    /// - Throws: `identityExists`; `file`.
    package func initialize(_ identity: WriteAheadLog.Identity) throws(WALFailure) {
        guard self.identity == nil else { throw .identityExists(file: layout.identityFile) }
        let fileSystem = fileSystem
        let layout = layout
        let temporary = layout.identityFile + ".new"
        try reading { () throws(FileFailure) in
            // An identity says that the directory's own name is durable too.
            try fileSystem.syncNames(to: layout.root)
            if try fileSystem.exists(temporary) { try fileSystem.remove(temporary) }
            let file = try fileSystem.open(temporary, .create)
            defer { file.close() }
            try file.write([Self.encode(identity)], at: 0)
            try file.sync()
            try fileSystem.rename(temporary, to: layout.identityFile)
            try fileSystem.syncDirectory(layout.root)
        }
        self.identity = identity
    }

    /// Releases the lock.
    package func close() {
        lock = nil
    }

    private static func refuseRemains(
        _ fileSystem: any FileSystem, _ layout: DataDirectoryLayout
    ) throws(WALFailure) {
        for directory in [layout.log, layout.engine] {
            let names = try reading { () throws(FileFailure) -> [String] in
                guard try fileSystem.exists(directory) else { return [] }
                return try fileSystem.list(directory)
            }
            guard names.isEmpty else {
                throw .identityMissing(file: layout.identityFile, found: directory)
            }
        }
    }

    private static func encode(_ identity: WriteAheadLog.Identity) -> [UInt8] {
        var writer = ByteWriter(capacity: byteCount)
        writer.writeUInt64(magic)
        writer.writeUInt32(formatVersion)
        writer.writeUInt32(0)
        writer.writeBits128(identity.cluster.bits)
        writer.writeUInt64(identity.node)
        writer.writeUInt64(identity.incarnation)
        writer.writeUInt32(Checksum.crc32c(writer.bytes))
        return writer.take()
    }

    /// Reads the bytes of an identity file.
    package static func decode(
        _ bytes: [UInt8], file: String
    ) throws(WALFailure) -> WriteAheadLog.Identity {
        let found: (version: UInt32, identity: WriteAheadLog.Identity?)
        do throws(DecodingFailure) {
            found = try decode(bytes)
        } catch {
            throw .unreadable(file: file, offset: 0, what: error.description)
        }
        guard let identity = found.identity else {
            throw .futureFormat(file: file, version: found.version, supported: formatVersion)
        }
        return identity
    }

    private static func decode(
        _ bytes: [UInt8]
    ) throws(DecodingFailure) -> (version: UInt32, identity: WriteAheadLog.Identity?) {
        var reader = ByteReader(bytes)
        guard try reader.readUInt64() == magic else {
            throw .malformed(at: 0, what: "not an identity file")
        }
        let version = try reader.readUInt32()
        let zero = try reader.readUInt32()
        let cluster = ClusterID(try reader.readBits128())
        let node = try reader.readUInt64(NodeID.self)
        let incarnation = try reader.readUInt64(Incarnation.self)
        let covered = Checksum.crc32c(bytes, in: 0..<reader.position)
        guard try reader.readUInt32() == covered else {
            throw .malformed(at: 0, what: "checksum mismatch")
        }
        if version > formatVersion { return (version, nil) }
        try reader.finish()
        guard version == formatVersion, zero == 0, node.rawValue != 0, incarnation.rawValue != 0
        else {
            throw .malformed(at: 8, what: "identity of node \(node), version \(version)")
        }
        return (version, .init(cluster: cluster, node: node, incarnation: incarnation))
    }
}
