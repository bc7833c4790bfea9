import Codec
package import IOCore
import KeyValue

/// Which of the engines below a node's `engine` folder is the present one.
///
/// The file `CURRENT` names it and is replaced by a rename, so that an engine brought by a snapshot
/// takes over in one step. Engines that it does not name are left-overs and are removed at opening.
package struct EngineLocation: Sendable {
    package let root: String
    private let fileSystem: any FileSystem

    package init(root: String, fileSystem: any FileSystem) {
        self.root = root
        self.fileSystem = fileSystem
    }

    private var pointer: String {
        root + "/CURRENT"
    }

    /// The present engine's folder; names and makes the first where there is none.
    package func current() throws(FileFailure) -> String {
        try fileSystem.makeDirectory(root)
        if try !fileSystem.exists(pointer) {
            // The names of the folder and of the first engine's must outlive what is put there.
            try fileSystem.makeDirectory(root + "/engine-0")
            try fileSystem.syncNames(to: root)
            try point(to: "engine-0")
        }
        let name = try presentName()
        // Who renamed it may have been killed before this: a log that begins behind what this engine
        // holds, and the removal of the engine before it, must not outlive the name.
        try fileSystem.syncDirectory(root)
        for other in try fileSystem.list(root)
        where other != name && other.hasPrefix("engine-") {
            try fileSystem.removeTree(root + "/" + other)
        }
        return root + "/" + name
    }

    /// The present engine's folder, with nothing made or removed; nil where there is none.
    package func present() throws(FileFailure) -> String? {
        guard try fileSystem.exists(pointer) else { return nil }
        return root + "/" + (try presentName())
    }

    private func presentName() throws(FileFailure) -> String {
        let file = try fileSystem.open(pointer, .readOnly)
        defer { file.close() }
        let bytes = try file.read(at: 0, count: 256)
        let name = String(decoding: bytes, as: UTF8.self)
        guard name.hasPrefix("engine-"), !name.contains("/") else {
            throw FileFailure(
                .other, "read", path: pointer,
                reason: "it does not name an engine; restore it, or remove the data directory and "
                    + "let the node rejoin as a learner")
        }
        return name
    }

    /// A fresh folder's path for an engine at `index`, emptied.
    package func staging(index: UInt64, nonce: UInt64) throws(FileFailure) -> String {
        let path = root + "/engine-\(index)-" + String(nonce, radix: 16)
        try fileSystem.removeTree(path)
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

    private func point(to name: String) throws(FileFailure) {
        try writePointer(to: name)
        try adopt()
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
    }
}
