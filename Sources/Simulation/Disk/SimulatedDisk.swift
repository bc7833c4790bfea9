package import IOCore
package import Identifiers

/// The disk of one simulated node: what was written, and what would survive a crash.
///
/// It outlives the node's process. A crash keeps of each unsynced write some parts, and of each
/// directory's unsynced names the first few, as the world's luck decides.
package final class SimulatedDisk: FileSystem, @unchecked Sendable {
    /// One file.
    final class Content {
        var live: [UInt8] = []
        var durable: [UInt8] = []
        /// Byte ranges written since the last sync, in order.
        var dirty: [Range<Int>] = []
        /// Ranges that a sync has failed over: no later one writes them.
        var abandoned: [Range<Int>] = []
        /// Where the last group was written, in a segment of the log.
        var lastGroup = 0
        /// Sectors of `SimulatedDisk.lostBytes` that cannot be read until they are written again.
        var lostSectors: Set<Int> = []

        /// Whether nothing of `range` is in a sector that cannot be read.
        func isReadable(_ range: Range<Int>) -> Bool {
            lostSectors.isEmpty || lostSectors.isDisjoint(with: SimulatedDisk.sectors(of: range))
        }

        /// What is written can be read; the rest of its sectors comes from the memory that writes go through.
        func wrote(_ range: Range<Int>) {
            dirty.append(range)
            if !lostSectors.isEmpty { lostSectors.subtract(SimulatedDisk.sectors(of: range)) }
        }

        /// What was written in `range` is on the disk.
        func makeDurable(_ range: Range<Int>) {
            if durable.count < range.upperBound {
                let missing = range.upperBound - durable.count
                durable.append(contentsOf: [UInt8](repeating: 0, count: missing))
            }
            durable.replaceSubrange(range, with: live[range])
        }

        /// What was written within `range` is on the disk, and nothing else that was written.
        func sync(_ range: Range<Int>) {
            for part in dirty where range.contains(part.lowerBound) {
                makeDurable(part.clamped(to: range))
            }
            dirty.removeAll { range.contains($0.lowerBound) && $0.upperBound <= range.upperBound }
        }

        /// All that was written is on the disk, but for what a sync has failed over.
        func sync() {
            for range in dirty { makeDurable(range) }
            if durable.count < live.count {
                let missing = live.count - durable.count
                durable.append(contentsOf: [UInt8](repeating: 0, count: missing))
            }
            durable.removeLast(durable.count - live.count)
            dirty = []
        }

        /// A sync has failed: what it was to write may or may not be there after a crash.
        func abandon() {
            abandoned += dirty
            dirty = []
        }

        /// What is live is what there is.
        func settle(_ image: [UInt8]) {
            live = image
            durable = image
            dirty = []
            abandoned = []
        }
    }

    package var faults = DiskFaults()
    package var counts = DiskCounts()
    /// What the disk has refused for a fault of its own since a process last began to use it.
    package private(set) var refusals: [FileFailure] = []
    /// Called before and behind each change with its name; the process may end in it.
    package var passing: (String) -> Void = { _ in }
    /// Called with each group that is written to a segment of the log.
    package var wroteGroup: ([UInt8]) -> Void = { _ in }
    /// Called when what was written to a segment has been synced.
    package var syncedGroups: () -> Void = {}
    /// Counts the processes that have used the disk; what an earlier one does is refused.
    private(set) var epoch = 0
    /// The names that there are, and those that a crash leaves.
    var names = NameTable()
    var slipLuck: UInt64 = 0
    var astray: Astray?
    /// The segment that was written to last.
    var newestSegment: Content?
    /// Whether a process is still opening its data.
    private(set) var isOpening = false
    /// The files beside the log that have been read wrongly since a process last began to use the disk.
    var misread: Set<String> = []
    /// What stale reads give, with the file that each is of, so that no other takes its identity.
    var images: [ObjectIdentifier: (file: Content, bytes: [UInt8])] = [:]
    private let locks = LockTable()

    package init() {}

    /// Every file, by its path.
    var files: [String: Content] { names.files }

    // MARK: FileSystem

    package func open(_ path: String, _ mode: OpenMode) throws(FileFailure) -> any File {
        if let prefix = faults.undescribedPrefix, path.hasPrefix(prefix) {
            throw refuse(
                FileFailure(.noDescriptors, "open", path: path, reason: "Too many open files"))
        }
        switch mode {
        case .create:
            try passes("creat", path, of: epoch)
            guard files[path] == nil else {
                throw FileFailure(.exists, "open", path: path, reason: "File exists")
            }
            try writes("open", path)
            let content = Content()
            names.link(path, content)
            return SimulatedFile(path: path, content: content, disk: self)
        case .readOnly, .readWrite:
            guard let content = files[path] else {
                throw FileFailure(
                    .notFound, "open", path: path, reason: "No such file or directory")
            }
            return SimulatedFile(path: path, content: content, disk: self)
        }
    }

    package func list(_ directory: String) throws(FileFailure) -> [String] {
        let prefix = directory + "/"
        let below = Array(files.keys) + Array(names.directories)
        let names = below.filter { $0.hasPrefix(prefix) }.compactMap {
            $0.dropFirst(prefix.count).split(separator: "/").first.map(String.init)
        }
        return Set(names).sorted()
    }

    package func exists(_ path: String) throws(FileFailure) -> Bool {
        files[path] != nil || names.directories.contains(path)
    }

    package func makeDirectory(_ path: String) throws(FileFailure) {
        try passes("mkdir", path, of: epoch)
        if !names.directories.contains(path) { try writes("mkdir", path) }
        names.makeDirectory(path)
    }

    package func rename(_ source: String, to target: String) throws(FileFailure) {
        try passes("rename", source, of: epoch)
        guard let content = files[source] else {
            throw FileFailure(.notFound, "rename", path: source, reason: "No such file")
        }
        try writes("rename", source)
        names.rename(source, to: target, content)
    }

    package func remove(_ path: String) throws(FileFailure) {
        try passes("unlink", path, of: epoch)
        guard files[path] != nil else {
            throw FileFailure(.notFound, "unlink", path: path, reason: "No such file")
        }
        try writes("unlink", path)
        names.unlink(path)
    }

    package func removeTree(_ path: String) throws(FileFailure) {
        try passes("unlink", path, of: epoch)
        if try exists(path) { try writes("unlink", path) }
        names.removeTree(path)
    }

    package func syncDirectory(_ path: String) throws(FileFailure) {
        try passes("fsync", path, of: epoch)
        guard !faults.failsSyncs else {
            countFailedSync()
            throw refuse(
                FileFailure(.other, "fsync", path: path, reason: "Input/output error"))
        }
        if !faults.liesAboutSyncs { names.sync(path) }
    }

    /// Refuses a change of names or lengths where writes fail: it is a write too.
    func writes(_ operation: String, _ path: String) throws(FileFailure) {
        guard faults.failsWrites else { return }
        countFailedWrite()
        counts.failedNames += 1
        throw refuse(FileFailure(.other, operation, path: path, reason: "Input/output error"))
    }

    /// Writes of all kinds fail for one fault.
    func countFailedWrite() {
        if !faults.isWriteCounted { counts.failedWrites += 1 }
        faults.isWriteCounted = true
    }

    /// Syncs of files and directories fail for one fault.
    func countFailedSync() {
        if !faults.isSyncCounted { counts.failedSyncs += 1 }
        faults.isSyncCounted = true
    }

    /// Growths that are refused, or not tried for want of room, count once for one fault.
    func countFullDisk() {
        if !faults.isFullCounted { counts.refusedGrowths += 1 }
        faults.isFullCounted = true
    }

    package func freeBytes(_ path: String) throws(FileFailure) -> UInt64 {
        guard let free = faults.freeBytes else { return 1 << 40 }
        // The log asks before it begins a segment, for which this is never enough.
        countFullDisk()
        return free
    }

    package func lock(_ path: String) throws(FileFailure) -> any FileLock {
        guard let lock = SimulatedLock(path, in: locks) else {
            throw FileFailure(.locked, "lock", path: path, reason: "held by another process")
        }
        return lock
    }

    /// Lets the process end before a change; refuses one that a process asks for which has ended.
    func passes(_ operation: String, _ path: String, of process: Int) throws(FileFailure) {
        if process == epoch { passing(operation) }
        guard process != epoch else { return }
        throw FileFailure(.other, operation, path: path, reason: "the process has ended")
    }

    /// Notes what the disk refuses to the present process.
    func refuse(_ failure: FileFailure) -> FileFailure {
        refusals.append(failure)
        return failure
    }

    /// A process begins to use the disk.
    package func processBegins() {
        refusals = []
        misread = []
        isOpening = true
    }

    /// The process has opened its data.
    package func processHasOpened() {
        isOpening = false
    }

    /// Takes so many bytes of what is free; false where there are too few.
    func grow(by bytes: Int) -> Bool {
        guard bytes > 0, let free = faults.freeBytes else { return true }
        guard UInt64(bytes) <= free else { return false }
        faults.freeBytes = free - UInt64(bytes)
        return true
    }
}

// MARK: - What happens to disks

extension SimulatedDisk {
    /// The present bytes of a file; nil where there is none.
    package func bytes(of path: String) -> [UInt8]? {
        files[path]?.live
    }

    /// The paths of all files below `prefix`, sorted.
    package func paths(below prefix: String) -> [String] {
        files.keys.filter { $0.hasPrefix(prefix) }.sorted()
    }

    /// Another disk with what a process finds on this one.
    package func copy() -> SimulatedDisk {
        copy(files, names.directories) { $0.live }
    }

    /// Another disk with what is on this one, whatever is in memory; where it lies about syncs, with what
    /// it says to have.
    package func durableCopy() -> SimulatedDisk {
        guard !faults.liesAboutSyncs else { return copy() }
        var names = names
        names.crash { _ in 0 }
        return copy(names.files, names.directories) { $0.durable }
    }

    private func copy(
        _ files: [String: Content], _ directories: Set<String>, _ bytes: (Content) -> [UInt8]
    ) -> SimulatedDisk {
        let other = SimulatedDisk()
        for (path, file) in files {
            let content = Content()
            content.settle(bytes(file))
            content.lostSectors = file.lostSectors
            other.names.link(path, content)
        }
        directories.sorted().forEach { other.names.makeDirectory($0) }
        other.names.syncAll()
        return other
    }

    /// Changes the bytes of every file below `prefix` as rot does: behind the back of all.
    package func tamper(below prefix: String, _ body: (inout [UInt8]) -> Void) {
        for path in paths(below: prefix) {
            guard let file = files[path] else { continue }
            let before = file.live
            body(&file.live)
            precondition(
                file.live.count == before.count,
                "\(path) had \(before.count) bytes and has \(file.live.count)")
            // What was not synced stays so.
            for place in file.live.indices where file.live[place] != before[place] {
                counts.rottenBytes += 1
                if place < file.durable.count { file.durable[place] = file.live[place] }
            }
        }
    }

    /// Loses what was not synced, but for what luck has written; nothing where the process alone ends.
    package func crash(_ tearing: Tearing, using random: inout SeededGenerator) {
        locks.releaseAll()
        epoch += 1
        settleAstray()
        if case .kept = tearing {
            let isWritten = files.contains { !$0.value.dirty.isEmpty }
            if isWritten || names.isUnsynced { counts.keptWrites += 1 }
            return
        }
        let isLossy = names.crash { count in
            if case .none = tearing { return 0 }
            return Int.random(in: 0...count, using: &random)
        }
        if isLossy { counts.lostNames += 1 }
        for path in files.keys.sorted() {
            guard let file = files[path] else { continue }
            let unsynced = file.abandoned + file.dirty
            guard !unsynced.isEmpty || file.live.count != file.durable.count else { continue }
            var image = file.durable
            for range in unsynced {
                for part in survivors(of: range, tearing, using: &random) {
                    guard part.upperBound <= file.live.count else { continue }
                    if image.count < part.upperBound {
                        let missing = part.upperBound - image.count
                        image.append(contentsOf: [UInt8](repeating: 0, count: missing))
                    }
                    image.replaceSubrange(part, with: file.live[part])
                }
            }
            file.settle(image)
        }
    }

    private func survivors(
        of range: Range<Int>, _ tearing: Tearing, using random: inout SeededGenerator
    ) -> [Range<Int>] {
        switch tearing {
        case .none, .kept:
            return []
        case .bytes:
            let end = Int.random(in: range.lowerBound...range.upperBound, using: &random)
            return [range.lowerBound..<end]
        case .sectors:
            var parts: [Range<Int>] = []
            var start = range.lowerBound
            while start < range.upperBound {
                let end = min(range.upperBound, (start / 512 + 1) * 512)
                if Bool.random(using: &random) { parts.append(start..<end) }
                start = end
            }
            return parts
        }
    }
}

/// The paths that a process holds locks on, and which of the node's processes it is.
final class LockTable: @unchecked Sendable {
    private var held: Set<String> = []
    private(set) var process = 0

    func take(_ path: String) -> Bool {
        held.insert(path).inserted
    }

    func release(_ path: String, of process: Int) {
        if process == self.process { held.remove(path) }
    }

    /// The process ends, and its locks with it.
    func releaseAll() {
        process += 1
        held = []
    }
}

private final class SimulatedLock: FileLock, @unchecked Sendable {
    private let path: String
    private let table: LockTable
    private let process: Int

    init?(_ path: String, in table: LockTable) {
        guard table.take(path) else { return nil }
        self.path = path
        self.table = table
        process = table.process
    }

    deinit {
        table.release(path, of: process)
    }
}
