import IOCore

/// A disk in memory that tells written from synced, and loses the difference at a crash.
///
/// Contents and names become durable apart from each other, by `sync` and `syncDirectory`. All
/// state is behind one lock.
final class MemoryDisk: FileSystem, Sendable {
    struct Inode {
        var data: [UInt8] = []
        var durable: [UInt8] = []
        /// Sectors that a sync has failed over: no later one writes them, unless they are written again.
        var abandoned: Set<Int> = []

        /// Sectors whose bytes are not on the disk.
        var unsynced: [Int] {
            (0..<(data.count + MemoryDisk.sectorBytes - 1) / MemoryDisk.sectorBytes).filter {
                sector in
                let start = sector * MemoryDisk.sectorBytes
                let end = start + MemoryDisk.sectorBytes
                return data[start..<min(end, data.count)]
                    != durable[min(start, durable.count)..<min(end, durable.count)]
            }
        }

        mutating func sync() {
            let before = durable
            durable = data
            for sector in abandoned {
                let start = sector * MemoryDisk.sectorBytes
                let end = min(start + MemoryDisk.sectorBytes, before.count, durable.count)
                if start < end { durable.replaceSubrange(start..<end, with: before[start..<end]) }
            }
        }
    }

    struct State {
        var inodes: [Int: Inode] = [:]
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
        var directories: Set<String> = []
        var durableDirectories: Set<String> = []
        var nextInode = 1
        /// Bytes that all files together may have.
        var capacity = Int.max
        /// Calls that change something, made so far.
        var changes = 0
        /// The operation that fails at this number of changes, and how.
        var failure: (at: Int, kind: FileFailure.Kind)?
        var failingOperation: String?
        /// The operation, `open` or `create`, for which there is no descriptor.
        var withoutDescriptors: String?
        /// The file that there is no descriptor for.
        var fileWithoutDescriptors: String?
        var operations: [String] = []
        var locks: Set<String> = []
        /// Bytes of files that the disk cannot read any more.
        var unreadable: [String: Range<Int>] = [:]

        var usedBytes: Int {
            names.values.reduce(0) { $0 + (inodes[$1]?.data.count ?? 0) }
        }
    }

    static let sectorBytes = 512
    let state: Locked<State>

    init() {
        state = Locked(State())
    }

    private init(_ state: State) {
        self.state = Locked(state)
    }

    /// Another disk with the same contents.
    func copy() -> MemoryDisk {
        MemoryDisk(state.withLock { $0 })
    }

    /// Counts and records a change, and fails where a failure has been ordered.
    static func change(
        _ state: inout State, _ operation: String, _ path: String
    ) throws(FileFailure) {
        state.changes += 1
        state.operations.append(operation)
        if let failure = state.failure, state.changes >= failure.at {
            throw FileFailure(failure.kind, operation, path: path, reason: "ordered by the test")
        }
        if state.failingOperation == operation {
            throw FileFailure(.other, operation, path: path, reason: "Input/output error")
        }
    }

    private static func noDescriptors(_ operation: String, _ path: String) -> FileFailure {
        FileFailure(.noDescriptors, operation, path: path, reason: "Too many open files")
    }

    func setWithoutDescriptors(_ operation: String?) {
        state.withLock { $0.withoutDescriptors = operation }
    }

    /// Has every opening of one file meet a lack of descriptors.
    func setWithoutDescriptor(for path: String?) {
        state.withLock { $0.fileWithoutDescriptors = path }
    }

    func open(_ path: String, _ mode: OpenMode) throws(FileFailure) -> any File {
        let inode = try state.withLock { (state) throws(FileFailure) in
            if state.fileWithoutDescriptors == path { throw Self.noDescriptors("open", path) }
            switch mode {
            case .readOnly, .readWrite:
                if state.withoutDescriptors == "open" { throw Self.noDescriptors("open", path) }
                guard let inode = state.names[path] else {
                    throw FileFailure(.notFound, "open", path: path, reason: "No such file")
                }
                return inode
            case .create:
                if state.withoutDescriptors == "create" { throw Self.noDescriptors("create", path) }
                try Self.change(&state, "create", path)
                guard state.names[path] == nil else {
                    throw FileFailure(.exists, "open", path: path, reason: "File exists")
                }
                let inode = state.nextInode
                state.nextInode += 1
                state.inodes[inode] = Inode()
                state.names[path] = inode
                return inode
            }
        }
        return MemoryFile(disk: self, inode: inode, path: path)
    }

    func list(_ directory: String) throws(FileFailure) -> [String] {
        state.withLock { state in
            state.names.keys.filter { $0.hasPrefix(directory + "/") }
                .map { String($0.dropFirst(directory.count + 1)) }.sorted()
        }
    }

    func exists(_ path: String) throws(FileFailure) -> Bool {
        state.withLock { $0.names[path] != nil || $0.directories.contains(path) }
    }

    func makeDirectory(_ path: String) throws(FileFailure) {
        state.withLock { state in
            var directory = path
            while !directory.isEmpty, directory != "." {
                state.directories.insert(directory)
                directory = Self.directory(of: directory)
            }
        }
    }

    func rename(_ source: String, to target: String) throws(FileFailure) {
        try state.withLock { (state) throws(FileFailure) in
            try Self.change(&state, "rename", source)
            guard let inode = state.names.removeValue(forKey: source) else {
                throw FileFailure(.notFound, "rename", path: source, reason: "No such file")
            }
            state.names[target] = inode
        }
    }

    func remove(_ path: String) throws(FileFailure) {
        try state.withLock { (state) throws(FileFailure) in
            try Self.change(&state, "remove", path)
            guard state.names.removeValue(forKey: path) != nil else {
                throw FileFailure(.notFound, "remove", path: path, reason: "No such file")
            }
        }
    }

    func removeTree(_ path: String) throws(FileFailure) {
        state.withLock { state in
            state.names = state.names.filter { !$0.key.hasPrefix(path + "/") }
        }
    }

    func syncDirectory(_ path: String) throws(FileFailure) {
        try state.withLock { (state) throws(FileFailure) in
            try Self.change(&state, "syncDirectory", path)
            let name = path == "/" ? "" : path
            let isWithin = { (other: String) in Self.directory(of: other) == name }
            state.durableNames = state.durableNames.filter { !isWithin($0.key) }
                .merging(state.names.filter { isWithin($0.key) }) { $1 }
            state.durableDirectories = state.durableDirectories.filter { !isWithin($0) }
                .union(state.directories.filter(isWithin))
        }
    }

    /// The directory that a path is in: "" for the root, "." for where the process is.
    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    func freeBytes(_ path: String) throws(FileFailure) -> UInt64 {
        state.withLock { UInt64(max(0, $0.capacity - $0.usedBytes)) }
    }

    func lock(_ path: String) throws(FileFailure) -> any FileLock {
        let isTaken = state.withLock { !$0.locks.insert(path).inserted }
        if isTaken {
            throw FileFailure(.locked, "lock", path: path, reason: "in use by another process")
        }
        return MemoryLock(self, path)
    }
}

extension MemoryDisk {
    /// Loses power: what was not synced is gone, but for the sectors of `path` in `keeping`.
    func crash(keeping sectors: Set<Int> = [], of path: String = "") {
        state.withLock { state in
            if let inode = state.names[path], var file = state.inodes[inode] {
                for sector in sectors {
                    let start = sector * Self.sectorBytes
                    let end = min(start + Self.sectorBytes, file.data.count, file.durable.count)
                    file.durable.replaceSubrange(start..<end, with: file.data[start..<end])
                }
                state.inodes[inode] = file
            }
            state.durableDirectories = state.durableDirectories.filter {
                Self.isReachable($0, state.durableDirectories)
            }
            state.directories = state.durableDirectories
            state.durableNames = state.durableNames.filter {
                Self.isReachable(Self.directory(of: $0.key), state.durableDirectories)
            }
            state.names = state.durableNames
            for (inode, file) in state.inodes {
                state.inodes[inode]?.data = file.durable
                state.inodes[inode]?.abandoned = []
            }
            state.failure = nil
            state.failingOperation = nil
            state.locks = []
        }
    }

    /// Whether a directory and all that it is in are among `directories`.
    private static func isReachable(_ path: String, _ directories: Set<String>) -> Bool {
        path.isEmpty || path == "."
            || directories.contains(path) && isReachable(directory(of: path), directories)
    }

    /// The sectors of a file whose bytes are not yet on the disk.
    func unsyncedSectors(of path: String) -> [Int] {
        state.withLock { state in
            guard let inode = state.names[path], let file = state.inodes[inode] else { return [] }
            let count = file.data.count / Self.sectorBytes
            return (0..<count).filter { sector in
                let range = (sector * Self.sectorBytes)..<((sector + 1) * Self.sectorBytes)
                return file.data[range] != file.durable[range]
            }
        }
    }

    /// The bytes of a file.
    func contents(of path: String) -> [UInt8] {
        state.withLock { state in
            state.names[path].flatMap { state.inodes[$0]?.data } ?? []
        }
    }

    /// Changes a file behind everybody's back, durably.
    func tamper(with path: String, _ body: (inout [UInt8]) -> Void) {
        state.withLock { state in
            guard let inode = state.names[path], var file = state.inodes[inode] else { return }
            body(&file.data)
            file.durable = file.data
            state.inodes[inode] = file
        }
    }

    /// Removes a file behind everybody's back, durably.
    func lose(_ path: String) {
        state.withLock { state in
            state.names[path] = nil
            state.durableNames[path] = nil
        }
    }

    /// Lets every change from the `count`th from now on fail.
    func failChange(after count: Int, _ kind: FileFailure.Kind = .other) {
        state.withLock { $0.failure = (at: $0.changes + count, kind: kind) }
    }

    func fail(operation: String?) {
        state.withLock { $0.failingOperation = operation }
    }

    func setCapacity(_ bytes: Int) {
        state.withLock { $0.capacity = bytes }
    }

    /// Has reads of these bytes of a file fail.
    func makeUnreadable(_ path: String, _ bytes: Range<Int>) {
        state.withLock { $0.unreadable[path] = bytes }
    }

    var usedBytes: Int {
        state.withLock { $0.usedBytes }
    }

    /// The changing operations since the last call.
    func takeOperations() -> [String] {
        state.withLock { state in
            defer { state.operations = [] }
            return state.operations
        }
    }
}

/// An open file of a `MemoryDisk`.
final class MemoryFile: File {
    let disk: MemoryDisk
    let inode: Int
    let path: String

    init(disk: MemoryDisk, inode: Int, path: String) {
        self.disk = disk
        self.inode = inode
        self.path = path
    }

    func size() throws(FileFailure) -> Int {
        disk.state.withLock { $0.inodes[inode]?.data.count ?? 0 }
    }

    func read(at offset: Int, count: Int) throws(FileFailure) -> [UInt8] {
        try disk.state.withLock { (state) throws(FileFailure) in
            if state.unreadable[path]?.overlaps(offset..<(offset + count)) == true {
                throw FileFailure(.other, "pread", path: path, reason: "input/output error")
            }
            let data = state.inodes[inode]?.data ?? []
            guard offset < data.count else { return [] }
            return Array(data[offset..<min(data.count, offset + count)])
        }
    }

    func write(_ buffers: [[UInt8]], at offset: Int) throws(FileFailure) {
        let bytes = Array(buffers.joined())
        try change("write") { (state, data) throws(FileFailure) in
            if offset + bytes.count > data.count {
                guard state.usedBytes + offset + bytes.count - data.count <= state.capacity else {
                    throw FileFailure(.noSpace, "write", path: self.path, reason: "disk full")
                }
                data.append(
                    contentsOf: repeatElement(0, count: offset + bytes.count - data.count))
            }
            data.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        }
        let first = offset / MemoryDisk.sectorBytes
        let last = (offset + bytes.count + MemoryDisk.sectorBytes - 1) / MemoryDisk.sectorBytes
        disk.state.withLock { _ = $0.inodes[inode]?.abandoned.subtract(first..<last) }
    }

    /// One that fails leaves what it was to write in memory, where no later one looks at it.
    private func beginSync() throws(FileFailure) {
        do throws(FileFailure) {
            try change("sync") { (_, _) in }
        } catch {
            disk.state.withLock { state in
                guard let file = state.inodes[inode] else { return }
                state.inodes[inode]?.abandoned.formUnion(file.unsynced)
            }
            throw error
        }
    }

    func sync() throws(FileFailure) {
        try beginSync()
        disk.state.withLock { $0.inodes[inode]?.sync() }
    }

    /// Makes nothing else durable, and clears what is behind, up to a multiple of 4,096 bytes.
    func append(_ buffers: [[UInt8]], at offset: Int) throws(FileFailure) {
        let end = buffers.reduce(offset) { $0 + $1.count }
        let block = min((end + 4_095) / 4_096 * 4_096, try size())
        try write(buffers + [[UInt8](repeating: 0, count: max(0, block - end))], at: offset)
        try beginSync()
        disk.state.withLock { state in
            guard var file = state.inodes[inode] else { return }
            let missing = max(0, end - file.durable.count)
            file.durable.append(contentsOf: repeatElement(0, count: missing))
            let written = offset..<max(end, min(block, file.durable.count))
            file.durable.replaceSubrange(written, with: file.data[written])
            state.inodes[inode] = file
        }
    }

    func preallocate(_ bytes: Int) throws(FileFailure) {
        try change("preallocate") { (state, data) throws(FileFailure) in
            guard state.usedBytes + bytes - data.count <= state.capacity else {
                throw FileFailure(.noSpace, "preallocate", path: self.path, reason: "disk full")
            }
            data.append(contentsOf: repeatElement(0, count: max(0, bytes - data.count)))
        }
    }

    func truncate(to bytes: Int) throws(FileFailure) {
        try change("truncate") { (_, data) in data.removeLast(data.count - bytes) }
    }

    func close() {}

    private func change(
        _ operation: String,
        _ body: (MemoryDisk.State, inout [UInt8]) throws(FileFailure) -> Void
    ) throws(FileFailure) {
        try disk.state.withLock { (state) throws(FileFailure) in
            try MemoryDisk.change(&state, operation, self.path)
            var data = state.inodes[inode]?.data ?? []
            try body(state, &data)
            state.inodes[inode]?.data = data
        }
    }
}

/// A lock of a `MemoryDisk`, until it is released.
final class MemoryLock: FileLock {
    let disk: MemoryDisk
    let path: String

    init(_ disk: MemoryDisk, _ path: String) {
        self.disk = disk
        self.path = path
    }

    deinit {
        disk.state.withLock { _ = $0.locks.remove(path) }
    }
}
