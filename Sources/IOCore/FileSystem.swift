/// The files of one node, as synchronous calls for use on a worker.
///
/// Paths are absolute or relative to the process. Every call may throw `FileFailure`; none retries
/// anything but EINTR. A simulation keeps apart what was written and what was synced, and loses the
/// difference at a crash.
package protocol FileSystem: Sendable {
    /// Opens for reading and writing.
    func open(_ path: String, _ mode: OpenMode) throws(FileFailure) -> any File
    /// The names in a directory, sorted, without "." and "..".
    func list(_ directory: String) throws(FileFailure) -> [String]
    func exists(_ path: String) throws(FileFailure) -> Bool
    /// Makes a directory and its missing parents; one that is there is left alone.
    func makeDirectory(_ path: String) throws(FileFailure)
    /// Replaces `target` by `source` in one step.
    func rename(_ source: String, to target: String) throws(FileFailure)
    func remove(_ path: String) throws(FileFailure)
    /// Removes a directory and all below it; one that is absent is no error.
    func removeTree(_ path: String) throws(FileFailure)
    /// Makes created, renamed and removed names in a directory durable.
    func syncDirectory(_ path: String) throws(FileFailure)
    /// Bytes that the file system has left for us.
    func freeBytes(_ path: String) throws(FileFailure) -> UInt64
    /// Takes an exclusive lock that lasts until the value is released or the process ends.
    func lock(_ path: String) throws(FileFailure) -> any FileLock
}

package enum OpenMode: Sendable {
    /// It must exist, and is not written.
    case readOnly
    /// It must exist.
    case readWrite
    /// It must not exist.
    case create
}

/// An open file; used by one thread at a time.
package protocol File: AnyObject {
    var path: String { get }
    func size() throws(FileFailure) -> Int
    /// Up to `count` bytes from `offset`; fewer only at the end of the file.
    func read(at offset: Int, count: Int) throws(FileFailure) -> [UInt8]
    /// All of `buffers`, one behind the other, from `offset`, in one gathered write where possible.
    func write(_ buffers: [[UInt8]], at offset: Int) throws(FileFailure)
    /// fdatasync: returns when what was written before is on the disk. Never retried after a failure.
    func sync() throws(FileFailure)
    /// `write` at the end of what the file is used for, durable on return; earlier writes are no more
    /// durable than before.
    ///
    /// What lies behind, up to the next multiple of 4,096 bytes, may be zeroes then.
    func append(_ buffers: [[UInt8]], at offset: Int) throws(FileFailure)
    /// Lets go of what `append` keeps from one call for the next.
    func endAppending()
    /// Makes the file `bytes` long with blocks allocated and zeroes written, so that later writes
    /// neither grow it nor meet a full disk; durable with the next `sync`.
    func preallocate(_ bytes: Int) throws(FileFailure)
    func truncate(to bytes: Int) throws(FileFailure)
    /// Closes; a second call does nothing.
    func close()
}

extension File {
    package func append(_ buffers: [[UInt8]], at offset: Int) throws(FileFailure) {
        try write(buffers, at: offset)
        try sync()
    }

    package func endAppending() {}
}

package protocol FileLock: AnyObject, Sendable {}

/// A file operation that the operating system refused.
package struct FileFailure: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        case notFound
        case exists
        case noSpace
        /// This process, or the system, has as many files open as it may.
        case noDescriptors
        case permission
        case locked
        case other

        /// Whether it is over once others have given back what is missing.
        package var isOfShortage: Bool {
            self == .noSpace || self == .noDescriptors
        }
    }
    package let kind: Kind
    /// What was tried, such as "fdatasync".
    package let operation: String
    package let path: String
    /// The text of the system's error.
    package let reason: String

    package init(_ kind: Kind, _ operation: String, path: String, reason: String) {
        self.kind = kind
        self.operation = operation
        self.path = path
        self.reason = reason
    }

    package var description: String {
        "\(operation) \(path): \(reason)"
    }
}

extension FileSystem {
    /// Makes the names on the way to `path` durable, as far as this process may read the directories:
    /// it has made none of the others.
    ///
    /// - Throws: as `syncDirectory`, but for `permission`.
    package func syncNames(to path: String) throws(FileFailure) {
        var directory = parentDirectory(of: path)
        while let present = directory {
            do throws(FileFailure) {
                try syncDirectory(present)
            } catch {
                guard error.kind == .permission else { throw error }
            }
            directory = parentDirectory(of: present)
        }
    }
}

/// The directory that `path` is in; nil for the root and for the present one.
private func parentDirectory(of path: String) -> String? {
    var name = path[...]
    while name.count > 1, name.last == "/" { name.removeLast() }
    guard name != "/", name != "." else { return nil }
    guard let slash = name.lastIndex(of: "/") else { return "." }
    return slash == name.startIndex ? "/" : String(name[..<slash])
}
