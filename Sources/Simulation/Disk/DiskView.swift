package import IOCore

/// A simulated disk as one process sees it: once the process has ended, nothing is changed any more.
///
/// A process may end in the middle of a turn, whose code then runs on; what it does is refused here.
package struct DiskView: FileSystem {
    private let disk: SimulatedDisk
    private let epoch: Int

    package init(_ disk: SimulatedDisk) {
        self.disk = disk
        epoch = disk.epoch
    }

    /// Refuses what an ended process asks for.
    private func check(_ operation: String, _ path: String) throws(FileFailure) {
        guard epoch != disk.epoch else { return }
        throw FileFailure(.other, operation, path: path, reason: "the process has ended")
    }

    package func open(_ path: String, _ mode: OpenMode) throws(FileFailure) -> any File {
        try check("open", path)
        return try disk.open(path, mode)
    }

    package func list(_ directory: String) throws(FileFailure) -> [String] {
        try disk.list(directory)
    }

    package func exists(_ path: String) throws(FileFailure) -> Bool {
        try disk.exists(path)
    }

    package func makeDirectory(_ path: String) throws(FileFailure) {
        try check("mkdir", path)
        try disk.makeDirectory(path)
    }

    package func rename(_ source: String, to target: String) throws(FileFailure) {
        try check("rename", source)
        try disk.rename(source, to: target)
    }

    package func remove(_ path: String) throws(FileFailure) {
        try check("unlink", path)
        try disk.remove(path)
    }

    package func removeTree(_ path: String) throws(FileFailure) {
        try check("unlink", path)
        try disk.removeTree(path)
    }

    package func syncDirectory(_ path: String) throws(FileFailure) {
        try check("fsync", path)
        try disk.syncDirectory(path)
    }

    package func freeBytes(_ path: String) throws(FileFailure) -> UInt64 {
        try disk.freeBytes(path)
    }

    package func lock(_ path: String) throws(FileFailure) -> any FileLock {
        try check("lock", path)
        return try disk.lock(path)
    }
}
