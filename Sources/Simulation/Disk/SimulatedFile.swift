import IOCore

/// An open file of a simulated disk.
final class SimulatedFile: File {
    let path: String
    private let content: SimulatedDisk.Content
    private let disk: SimulatedDisk

    init(path: String, content: SimulatedDisk.Content, disk: SimulatedDisk) {
        self.path = path
        self.content = content
        self.disk = disk
    }

    func size() throws(FileFailure) -> Int {
        content.live.count
    }

    func read(at offset: Int, count: Int) throws(FileFailure) -> [UInt8] {
        if disk.faults.failsReads { throw failure("pread") }
        guard offset < content.live.count else { return [] }
        return Array(content.live[offset..<min(content.live.count, offset + count)])
    }

    func write(_ buffers: [[UInt8]], at offset: Int) throws(FileFailure) {
        if disk.faults.failsWrites { throw failure("pwritev") }
        let count = buffers.reduce(0) { $0 + $1.count }
        let range = offset..<(offset + count)
        try extend(to: range.upperBound, "pwritev")
        var place = offset
        for buffer in buffers {
            content.live.replaceSubrange(place..<(place + buffer.count), with: buffer)
            place += buffer.count
        }
        content.dirty.append(range)
    }

    func sync() throws(FileFailure) {
        if disk.faults.failsSyncs { throw failure("fdatasync") }
        guard !disk.faults.liesAboutSyncs else { return }
        for range in content.dirty {
            if content.durable.count < range.upperBound {
                let missing = range.upperBound - content.durable.count
                content.durable.append(contentsOf: [UInt8](repeating: 0, count: missing))
            }
            content.durable.replaceSubrange(range, with: content.live[range])
        }
        if content.durable.count > content.live.count {
            content.durable.removeLast(content.durable.count - content.live.count)
        }
        content.dirty = []
    }

    func preallocate(_ bytes: Int) throws(FileFailure) {
        try extend(to: bytes, "fallocate")
        content.durable = content.live
        content.dirty = []
    }

    func truncate(to bytes: Int) throws(FileFailure) {
        guard content.live.count > bytes else { return }
        content.live.removeLast(content.live.count - bytes)
        content.dirty = content.dirty.compactMap {
            $0.lowerBound < bytes ? $0.lowerBound..<min($0.upperBound, bytes) : nil
        }
    }

    func close() {}

    private func extend(to end: Int, _ operation: String) throws(FileFailure) {
        let missing = end - content.live.count
        guard missing > 0 else { return }
        guard disk.grow(by: missing) else {
            throw FileFailure(
                .noSpace, operation, path: path, reason: "No space left on device")
        }
        content.live.append(contentsOf: [UInt8](repeating: 0, count: missing))
    }

    private func failure(_ operation: String) -> FileFailure {
        FileFailure(.other, operation, path: path, reason: "Input/output error")
    }
}
