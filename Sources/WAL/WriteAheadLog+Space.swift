internal import Codec
internal import IOCore
internal import Identifiers

extension WriteAheadLog {
    /// Files kept ready to become segments.
    static let keptSpares = 2

    /// Bytes at the end of every segment for what must be written on a full disk too: votes,
    /// truncations, memberships.
    var reserveBytes: Int {
        min(64 << 10, (limits.segmentBytes - SegmentHeader.dataOffset) / 8) & ~7
    }

    /// Prepares a spare segment where there is none, so that no write has to; a piece of it at a
    /// time, so that no write has to wait for the whole.
    ///
    /// - Parameter pieceBytes: what is written and synced at the most.
    /// - Returns: whether a spare is ready.
    /// - Throws: `diskFull`, with the log unchanged; `file`, after which it is stopped; `stopped`.
    @discardableResult
    package func prepareSpare(pieceBytes: Int = .max) throws(WALFailure) -> Bool {
        guard !isStopped else { throw .stopped }
        guard spares.isEmpty else { return true }
        let bytes = limits.segmentBytes
        let grown = try making(bytes) { (files) throws(FileFailure) in
            try files.growSpare(to: bytes, pieceBytes: pieceBytes)
        }
        guard grown >= bytes else { return false }
        spares.append(try makeSpare(bytes))
        countFiles()
        return true
    }

    /// Whether `prepareSpare` has something to do.
    package var wantsSpare: Bool {
        spares.isEmpty
    }

    /// Whether frames of `bytes` in all can be written without meeting a full disk.
    ///
    /// Looks at the segment, then the spares, then asks the file system.
    package func hasRoom(for bytes: Int) -> Bool {
        let needed = GroupEnvelope.byteCount + bytes
        if current.end + needed <= current.bytes - reserveBytes { return true }
        let file = SegmentHeader.dataOffset + needed + reserveBytes
        if !spares.isEmpty, file <= limits.segmentBytes { return true }
        return freeBytes >= UInt64(max(file, limits.segmentBytes))
    }

    /// Whether there is neither a spare nor room for two: proposals should be refused soon.
    package var isLowOnSpace: Bool {
        spares.isEmpty && freeBytes < 2 * UInt64(limits.segmentBytes)
    }

    private var freeBytes: UInt64 {
        (try? fileSystem.freeBytes(directory)) ?? 0
    }

    /// Sees to it that the current segment has room for a group.
    func makeRoom(_ groupBytes: Int, isPrivileged: Bool) throws(WALFailure) {
        let mayUseReserve = isPrivileged && groupBytes <= reserveBytes
        let end = current.bytes - (mayUseReserve ? 0 : reserveBytes)
        guard current.end + groupBytes > end else { return }
        let last = index.last
        try beginSegment(
            isBase: false, fileBytes: SegmentHeader.dataOffset + groupBytes + reserveBytes,
            voting: voting,
            previous: LogStart(
                index: last.index, term: last.term ?? .zero, digest: last.digest ?? .empty))
    }

    /// Makes the next segment durable and current; a spare becomes it where there is one.
    func beginSegment(
        isBase: Bool, fileBytes: Int, voting: VotingState, previous: LogStart
    ) throws(WALFailure) {
        try noteNewest()
        let name: String
        let bytes: Int
        if fileBytes <= limits.segmentBytes {
            bytes = limits.segmentBytes
            name = spares.isEmpty ? try makeSpare(bytes) : spares.removeFirst()
        } else {
            bytes = (fileBytes + 4_095) & ~4_095
            name = try makeSpare(bytes)
        }
        let header = SegmentHeader(
            identity: identity, number: current.number + 1, isBase: isBase,
            firstSequence: nextSequence, voting: voting, previous: previous, fileBytes: bytes)
        // First, for it gives a descriptor back that the next segment may lack.
        current.file.endAppending()
        let file = try install(header, from: name, bytes)
        // Before anything is written that somebody may be told of.
        try changing { () throws(FileFailure) in try register?.note(header.number) }
        counters.syncs += 1
        segments.append(Segment(header: header, file: file, bytes: bytes))
        countFiles()
    }

    /// Notes the newest segment where the start found no room for that: before it, nothing is written
    /// that somebody may be told of.
    func noteNewest() throws(WALFailure) {
        guard let register, !register.isReady(behind: current.number) else { return }
        do throws(FileFailure) {
            try register.note(current.number)
        } catch {
            guard error.kind.isOfShortage else { throw stop(for: error) }
            throw .shortage(error, in: directory, neededBytes: SegmentRegister.byteCount)
        }
    }

    /// Makes a spare the segment of `header`; one that cannot be opened for want of descriptors stays
    /// a spare, and the log as it is.
    private func install(
        _ header: SegmentHeader, from name: String, _ bytes: Int
    ) throws(WALFailure) -> any File {
        let files = SegmentFiles(fileSystem, directory)
        do throws(FileFailure) {
            return try files.install(header, from: name)
        } catch {
            guard error.kind == .noDescriptors, (try? fileSystem.exists(files.path(name))) == true
            else { return try changing { () throws(FileFailure) -> any File in throw error } }
            if bytes == limits.segmentBytes {
                spares.insert(name, at: 0)
            } else {
                try? fileSystem.remove(files.path(name))
            }
            throw .noDescriptors(error)
        }
    }

    /// A new file of zeroes, durable under a spare's name.
    private func makeSpare(_ bytes: Int) throws(WALFailure) -> String {
        try making(bytes) { (files) throws(FileFailure) in
            try files.makeSpare(bytes, besides: spares)
        }
    }

    /// Performs a part of the making of a file of `bytes`.
    private func making<Result>(
        _ bytes: Int, _ body: (SegmentFiles) throws(FileFailure) -> Result
    ) throws(WALFailure) -> Result {
        do throws(FileFailure) {
            counters.syncs += 1
            return try body(SegmentFiles(fileSystem, directory))
        } catch {
            // Files that are open may be closed as files that are there may be removed.
            guard error.kind.isOfShortage else { throw stop(for: error) }
            throw .shortage(error, in: directory, neededBytes: bytes)
        }
    }

    /// Turns a segment that nobody needs into a spare, or removes it; durable on return.
    func retire(_ segment: Segment) throws(WALFailure) {
        segment.file.close()
        let name = LogFileName.segment(segment.number)
        let isKept = spares.count < Self.keptSpares && segment.bytes == limits.segmentBytes
        let files = SegmentFiles(fileSystem, directory)
        let spare = try changing { () throws(FileFailure) in
            try files.retire(name, asSpare: isKept, besides: spares)
        }
        if let spare { spares.append(spare) }
    }
}

/// What is done to whole files of a log directory.
struct SegmentFiles {
    let fileSystem: any FileSystem
    let directory: String

    init(_ fileSystem: any FileSystem, _ directory: String) {
        self.fileSystem = fileSystem
        self.directory = directory
    }

    func path(_ name: String) -> String {
        directory + "/" + name
    }

    private func syncNames() throws(FileFailure) {
        #if PLANTED_BUGS
            if PlantedBug.directorySyncLeftOut.isActive { return }
        #endif
        try fileSystem.syncDirectory(directory)
    }

    /// Makes a file of zeroes, durable under the name that is returned, of what `growSpare` has begun
    /// or anew; after a failure that is removed again as far as that is possible.
    func makeSpare(_ bytes: Int, besides spares: [String]) throws(FileFailure) -> String {
        _ = try growSpare(to: bytes, pieceBytes: .max)
        let preparing = path(LogFileName.preparing)
        let name = freeName(besides: spares)
        do throws(FileFailure) {
            try fileSystem.rename(preparing, to: path(name))
        } catch {
            try? fileSystem.remove(preparing)
            throw error
        }
        try syncNames()
        return name
    }

    /// Writes and syncs zeroes of a file that is to become a spare, `pieceBytes` at the most.
    ///
    /// A failure removes it as far as that is possible. Nothing is written where there is no room for
    /// all of it.
    ///
    /// - Returns: how long it is then, `bytes` at the most.
    func growSpare(to bytes: Int, pieceBytes: Int) throws(FileFailure) -> Int {
        precondition(pieceBytes > 0, "a spare is to grow by \(pieceBytes) bytes")
        let preparing = path(LogFileName.preparing)
        do throws(FileFailure) {
            let file = try openPreparing(preparing, bytes)
            defer { file.close() }
            let begun = try file.size()
            let grown = begun + min(pieceBytes, bytes - begun)
            guard grown > begun else { return begun }
            // To find out by writing would keep a full disk busy, and take what room others make.
            let free = (try? fileSystem.freeBytes(directory)) ?? .max
            guard free >= UInt64(bytes - begun) else {
                throw FileFailure(
                    .noSpace, "preallocate", path: preparing,
                    reason: "\(free) bytes are free, and \(bytes - begun) wanted")
            }
            try file.preallocate(grown)
            try file.sync()
            return grown
        } catch {
            try? fileSystem.remove(preparing)
            throw error
        }
    }

    /// The file that has been begun, unless it is too long: a new one then.
    private func openPreparing(_ name: String, _ bytes: Int) throws(FileFailure) -> any File {
        if try fileSystem.exists(name) {
            let file = try fileSystem.open(name, .readWrite)
            if try file.size() <= bytes { return file }
            file.close()
            try fileSystem.remove(name)
        }
        return try fileSystem.open(name, .create)
    }

    /// Writes the header into a spare, and gives it its segment's name: in that order, so that a
    /// segment's name never stands over a file without its header.
    func install(_ header: SegmentHeader, from spare: String) throws(FileFailure) -> any File {
        let file = try fileSystem.open(path(spare), .readWrite)
        let name = path(LogFileName.segment(header.number))
        do throws(FileFailure) {
            try file.write([header.encodedPage()], at: 0)
            try file.sync()
            file.close()
            try fileSystem.rename(path(spare), to: name)
            try syncNames()
        } catch {
            file.close()
            throw error
        }
        return try fileSystem.open(name, .readWrite)
    }

    /// Renames a segment to a spare, or removes it; the spare's name.
    func retire(
        _ name: String, asSpare: Bool, besides spares: [String]
    ) throws(FileFailure) -> String? {
        let spare = asSpare ? freeName(besides: spares) : nil
        if let spare {
            try fileSystem.rename(path(name), to: path(spare))
        } else {
            try fileSystem.remove(path(name))
        }
        try syncNames()
        return spare
    }

    private func freeName(besides spares: [String]) -> String {
        let highest = spares.compactMap { name in
            LogFileName.number(of: name, prefix: LogFileName.sparePrefix)
        }.max()
        return LogFileName.spare((highest ?? 0) + 1)
    }
}
