import IOCore

/// An open file of a simulated disk; of no use once the process that opened it has ended.
final class SimulatedFile: File {
    let path: String
    private let content: SimulatedDisk.Content
    private let disk: SimulatedDisk
    private let epoch: Int

    init(path: String, content: SimulatedDisk.Content, disk: SimulatedDisk) {
        self.path = path
        self.content = content
        self.disk = disk
        epoch = disk.epoch
    }

    func size() throws(FileFailure) -> Int {
        content.live.count
    }

    func read(at offset: Int, count: Int) throws(FileFailure) -> [UInt8] {
        if disk.faults.failsReads {
            if !disk.faults.isReadCounted { disk.counts.failedReads += 1 }
            disk.faults.isReadCounted = true
            throw failure("pread")
        }
        guard offset < content.live.count else { return [] }
        let range = offset..<min(content.live.count, offset + count)
        guard content.isReadable(range) else {
            disk.counts.lostReads += 1
            // No reason for a process to end: not noted as a refusal.
            throw FileFailure(.other, "pread", path: path, reason: "Input/output error")
        }
        var bytes = Array(content.live[range])
        if disk.faults.slip != nil {
            disk.slip(&bytes, reading: range, of: content, path)
        }
        return bytes
    }

    func write(_ buffers: [[UInt8]], at offset: Int) throws(FileFailure) {
        try changing("pwritev") { () throws(FileFailure) in
            let bytes = buffers.count == 1 ? buffers[0] : joined(buffers)
            let range = offset..<(offset + bytes.count)
            if disk.faults.failsWrites {
                disk.countFailedWrite()
                writeBeginning(of: bytes, range)
                throw failure("pwritev")
            }
            try extend(to: range.upperBound, "pwritev")
            guard !disk.slips(writing: bytes, at: offset, of: content, path) else { return }
            content.live.replaceSubrange(range, with: bytes)
            content.wrote(range)
        }
    }

    func sync() throws(FileFailure) {
        try changing("fdatasync") { () throws(FileFailure) in
            if disk.faults.failsSyncs {
                disk.countFailedSync()
                content.abandon()
                throw failure("fdatasync")
            }
            // A disk that lies tells the checks the same.
            if !disk.faults.liesAboutSyncs { content.sync() }
            disk.syncedGroup(path)
        }
    }

    /// Makes nothing else durable than what it writes, and clears what is behind, up to a multiple of 4,096
    /// bytes.
    func append(_ buffers: [[UInt8]], at offset: Int) throws(FileFailure) {
        let end = offset + buffers.reduce(0) { $0 + $1.count }
        let block = min((end + 4_095) / 4_096 * 4_096, content.live.count)
        try write(buffers, at: offset)
        if block > end {
            content.live.replaceSubrange(
                end..<block, with: [UInt8](repeating: 0, count: block - end))
            content.dirty.append(end..<block)
        }
        try changing("end of append") { () throws(FileFailure) in
            if disk.faults.failsSyncs {
                disk.countFailedSync()
                content.abandon()
                throw failure("pwritev2")
            }
            if !disk.faults.liesAboutSyncs { content.sync(offset..<max(end, block)) }
            disk.syncedGroup(path)
        }
    }

    func preallocate(_ bytes: Int) throws(FileFailure) {
        try changing("fallocate") { () throws(FileFailure) in
            if bytes > content.live.count { try disk.writes("fallocate", path) }
            try extend(to: bytes, "fallocate")
        }
    }

    func truncate(to bytes: Int) throws(FileFailure) {
        try changing("ftruncate") { () throws(FileFailure) in
            guard content.live.count > bytes else { return }
            try disk.writes("ftruncate", path)
            content.live.removeLast(content.live.count - bytes)
            content.dirty = content.dirty.compactMap { cut($0, at: bytes) }
            content.abandoned = content.abandoned.compactMap { cut($0, at: bytes) }
        }
    }

    func close() {}

    /// Performs a change, before and behind which the process may end.
    private func changing(
        _ operation: String, _ body: () throws(FileFailure) -> Void
    ) throws(FileFailure) {
        try disk.passes(operation, path, of: epoch)
        try body()
        try disk.passes("end of " + operation, path, of: epoch)
    }

    private func joined(_ buffers: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(buffers.reduce(0) { $0 + $1.count })
        for buffer in buffers { bytes.append(contentsOf: buffer) }
        return bytes
    }

    private func cut(_ range: Range<Int>, at end: Int) -> Range<Int>? {
        range.lowerBound < end ? range.lowerBound..<min(range.upperBound, end) : nil
    }

    /// A write that fails may have written a part of what it was to.
    private func writeBeginning(of bytes: [UInt8], _ range: Range<Int>) {
        let room = content.live.count - range.lowerBound
        let count = min(Int(disk.faults.writeLuck % UInt64(bytes.count + 1)), room)
        guard count > 0 else { return }
        let part = range.lowerBound..<(range.lowerBound + count)
        content.live.replaceSubrange(part, with: bytes[..<count])
        content.wrote(part)
    }

    private func extend(to end: Int, _ operation: String) throws(FileFailure) {
        let missing = end - content.live.count
        guard missing > 0 else { return }
        guard disk.grow(by: missing) else {
            disk.countFullDisk()
            throw disk.refuse(
                FileFailure(.noSpace, operation, path: path, reason: "No space left on device"))
        }
        content.live.append(contentsOf: [UInt8](repeating: 0, count: missing))
    }

    /// An error that the disk gives, noted there.
    private func failure(_ operation: String) -> FileFailure {
        disk.refuse(FileFailure(.other, operation, path: path, reason: "Input/output error"))
    }
}
