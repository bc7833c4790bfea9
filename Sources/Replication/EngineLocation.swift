import Codec
package import IOCore
import KeyValue
import WAL

/// Which of the engines below a node's `engine` folder is the present one.
///
/// The file `CURRENT` names it and is replaced by a rename, so that an engine brought by a snapshot
/// takes over in one step. Engines that it does not name are left-overs and are removed at opening,
/// but not where the one that it names is missing, or `CURRENT` itself: then one of them may be all
/// that there is of the state.
package struct EngineLocation: Sendable {
    package let root: String
    private let fileSystem: any FileSystem
    /// The engine of a node that has taken no snapshot.
    private static let first = "engine-0"

    package init(root: String, fileSystem: any FileSystem) {
        self.root = root
        self.fileSystem = fileSystem
    }

    private var pointer: String {
        root + "/CURRENT"
    }

    /// The present engine's folder; names and makes the first where there is none.
    ///
    /// - Throws: `FileFailure`; `EngineFailure` where the present one cannot be told.
    package func current() throws -> String {
        try fileSystem.makeDirectory(root)
        let engines = try engines()
        if try !fileSystem.exists(pointer) {
            try requireFirstAlone(among: engines)
            // The names of the folder and of the first engine's must outlive what is put there.
            try fileSystem.makeDirectory(root + "/" + Self.first)
            try fileSystem.syncNames(to: root)
            try writePointer(to: Self.first)
            try adopt()
        }
        let name = try presentName()
        // Who renamed it may have been killed before this: a log that begins behind what this engine
        // holds, and the removal of the engine before it, must not outlive the name.
        try fileSystem.syncDirectory(root)
        for other in engines where other != name {
            try fileSystem.removeTree(root + "/" + other)
        }
        return root + "/" + name
    }

    /// The present engine's folder, with nothing made or removed; nil where there is none.
    ///
    /// - Throws: as `current`.
    package func present() throws -> String? {
        guard try fileSystem.exists(pointer) else {
            if try fileSystem.exists(root) { try requireFirstAlone(among: engines()) }
            return nil
        }
        return root + "/" + (try presentName())
    }

    private func engines() throws -> [String] {
        try fileSystem.list(root).filter { $0.hasPrefix("engine-") }
    }

    /// Where `CURRENT` is not there, there can be the first engine at the most.
    private func requireFirstAlone(among engines: [String]) throws {
        guard let other = engines.first(where: { $0 != Self.first }) else { return }
        throw damage("it is missing, but \(other) is there")
    }

    private func presentName() throws -> String {
        let file = try fileSystem.open(pointer, .readOnly)
        defer { file.close() }
        let bytes = try file.read(at: 0, count: 256)
        var name = String(decoding: bytes, as: UTF8.self)
        // Who has restored it by hand has ended the line.
        if name.hasSuffix("\n") { name.removeLast() }
        guard name.hasPrefix("engine-"), name.utf8.count <= 100, !name.contains("/"),
            !name.contains("\0")
        else {
            throw damage("it does not name an engine")
        }
        guard try fileSystem.exists(root + "/" + name) else {
            throw damage("it names \(name), which is not there")
        }
        return name
    }

    private func damage(_ what: String) -> EngineFailure {
        EngineFailure(
            "read \(pointer)",
            reason: "\(what); restore what is lost, or, " + WALFailure.rejoining,
            isDamage: true)
    }

    /// A fresh folder's path for an engine at `index`, emptied.
    package func staging(index: UInt64, nonce: UInt64) throws(FileFailure) -> String {
        let path = root + "/engine-\(index)-" + String(nonce, radix: 16)
        try fileSystem.removeTree(path)
        try fileSystem.makeDirectory(path)
        return path
    }

    /// Removes what has become of a `staging` folder that is not needed; its engine is closed.
    package func discard(_ path: String) throws(FileFailure) {
        try fileSystem.removeTree(path)
    }

    /// Takes the room that `adopt` needs for the engine in `path` (below the root).
    package func prepare(_ path: String) throws(FileFailure) {
        try writePointer(to: String(path.dropFirst(root.count + 1)))
    }

    /// Makes the engine that `prepare` was called for last the present one, durably.
    package func adopt() throws(FileFailure) {
        try fileSystem.rename(pointer + ".new", to: pointer)
        try fileSystem.syncDirectory(root)
    }

    private func writePointer(to name: String) throws(FileFailure) {
        let temporary = pointer + ".new"
        if try fileSystem.exists(temporary) {
            try fileSystem.remove(temporary)
        }
        let file = try fileSystem.open(temporary, .create)
        defer { file.close() }
        try file.write([Array(name.utf8)], at: 0)
        try file.sync()
        // The folder must be there wherever `CURRENT` names it.
        try fileSystem.syncDirectory(root)
    }
}
