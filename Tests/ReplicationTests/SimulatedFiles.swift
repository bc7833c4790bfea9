import IOCore

/// The disk of one simulated node: what was written, and what would survive a crash.
///
/// A crash keeps of each unsynced write any part of its 512-byte sectors, as the seed decides.
final class SimulatedFiles: FileSystem, @unchecked Sendable {
    final class Content {
        var live: [UInt8] = []
        var durable: [UInt8] = []
        /// Byte ranges written since the last sync.
        var dirty: [Range<Int>] = []
    }

    private var files: [String: Content] = [:]
    private var directories: Set<String> = []
    /// While set, no new file finds room.
    var isFull = false

    func content(_ path: String) -> Content? {
        files[path]
    }

    /// Changes the bytes of every file below `prefix`, as rot does: behind the back of all.
    func tamper(below prefix: String, _ body: (inout [UInt8]) -> Void) {
        for path in files.keys.sorted() where path.hasPrefix(prefix) {
            guard let file = files[path] else { continue }
            body(&file.live)
            file.durable = file.live
            file.dirty = []
        }
    }

    /// Loses what was not synced, but for the sectors that luck has written.
    func crash(using random: inout SeededGenerator) {
        for path in files.keys.sorted() {
            guard let file = files[path] else { continue }
            var image = file.durable
            for range in file.dirty {
                var sector = range.lowerBound
                while sector < range.upperBound {
                    let end = min(range.upperBound, (sector / 512 + 1) * 512)
                    if Bool.random(using: &random), end <= file.live.count {
                        if image.count < end {
                            image.append(contentsOf: repeatElement(0, count: end - image.count))
                        }
                        image.replaceSubrange(sector..<end, with: file.live[sector..<end])
                    }
                    sector = end
                }
            }
            file.live = image
            file.durable = image
            file.dirty = []
        }
    }

    func open(_ path: String, _ mode: OpenMode) throws(FileFailure) -> any File {
        switch mode {
        case .create:
            guard !isFull else {
                throw FileFailure(.noSpace, "open", path: path, reason: "disk full")
            }
            guard files[path] == nil else {
                throw FileFailure(.exists, "open", path: path, reason: "File exists")
            }
            let content = Content()
            files[path] = content
            return SimulatedFile(path: path, content: content)
        case .readOnly, .readWrite:
            guard let content = files[path] else {
                throw FileFailure(
                    .notFound, "open", path: path, reason: "No such file or directory")
            }
            return SimulatedFile(path: path, content: content)
        }
    }

    func list(_ directory: String) throws(FileFailure) -> [String] {
        let prefix = directory + "/"
        let below = Array(files.keys) + Array(directories)
        let names = below.filter { $0.hasPrefix(prefix) }.compactMap {
            $0.dropFirst(prefix.count).split(separator: "/").first.map(String.init)
        }
        return Set(names).sorted()
    }

    func exists(_ path: String) throws(FileFailure) -> Bool {
        files[path] != nil || directories.contains(path)
    }

    func makeDirectory(_ path: String) throws(FileFailure) {
        directories.insert(path)
    }

    func rename(_ source: String, to target: String) throws(FileFailure) {
        guard let content = files.removeValue(forKey: source) else {
            throw FileFailure(.notFound, "rename", path: source, reason: "No such file")
        }
        files[target] = content
    }

    func remove(_ path: String) throws(FileFailure) {
        guard files.removeValue(forKey: path) != nil else {
            throw FileFailure(.notFound, "unlink", path: path, reason: "No such file")
        }
    }

    func removeTree(_ path: String) throws(FileFailure) {
        files = files.filter { $0.key != path && !$0.key.hasPrefix(path + "/") }
        directories = directories.filter { $0 != path && !$0.hasPrefix(path + "/") }
    }

    func syncDirectory(_ path: String) throws(FileFailure) {}

    func freeBytes(_ path: String) throws(FileFailure) -> UInt64 {
        1 << 40
    }

    func lock(_ path: String) throws(FileFailure) -> any FileLock {
        SimulatedLock()
    }
}

final class SimulatedLock: FileLock {}

final class SimulatedFile: File {
    let path: String
    private let content: SimulatedFiles.Content

    init(path: String, content: SimulatedFiles.Content) {
        self.path = path
        self.content = content
    }

    func size() throws(FileFailure) -> Int {
        content.live.count
    }

    func read(at offset: Int, count: Int) throws(FileFailure) -> [UInt8] {
        guard offset < content.live.count else { return [] }
        return Array(content.live[offset..<min(content.live.count, offset + count)])
    }

    func write(_ buffers: [[UInt8]], at offset: Int) throws(FileFailure) {
        let bytes = buffers.flatMap { $0 }
        let end = offset + bytes.count
        if content.live.count < end {
            content.live.append(contentsOf: repeatElement(0, count: end - content.live.count))
        }
        content.live.replaceSubrange(offset..<end, with: bytes)
        content.dirty.append(offset..<end)
    }

    func sync() throws(FileFailure) {
        for range in content.dirty {
            if content.durable.count < range.upperBound {
                content.durable.append(
                    contentsOf: repeatElement(0, count: range.upperBound - content.durable.count))
            }
            content.durable.replaceSubrange(range, with: content.live[range])
        }
        if content.durable.count > content.live.count {
            content.durable.removeLast(content.durable.count - content.live.count)
        }
        content.dirty = []
    }

    func preallocate(_ bytes: Int) throws(FileFailure) {
        if content.live.count < bytes {
            content.live += [UInt8](repeating: 0, count: bytes - content.live.count)
        }
        content.durable = content.live
    }

    func truncate(to bytes: Int) throws(FileFailure) {
        if content.live.count > bytes {
            content.live.removeLast(content.live.count - bytes)
            content.dirty = content.dirty.compactMap {
                $0.lowerBound < bytes ? $0.lowerBound..<min($0.upperBound, bytes) : nil
            }
        }
    }

    func close() {}
}
