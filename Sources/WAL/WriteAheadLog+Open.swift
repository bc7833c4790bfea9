package import Codec
package import IOCore
package import Identifiers

extension WriteAheadLog {
    /// Opens the log in `directory`, or begins one where there is none and the engine is empty.
    ///
    /// Verifies every byte of every group. A torn last group is cut off; damage is reported and
    /// kept out of the index. `engineDurable` is the last index whose effects the engine has on
    /// disk: damage up to there is in nobody's way. For a look at a log without its engine it is
    /// nil: what lies before the log's start counts as held, and a last group that is not whole is
    /// not judged. Where it `isLook` (always without an engine), nothing is said to have been mended,
    /// as its file system may be for reading only. Segments that `register` knows must be there.
    ///
    /// - Throws: `futureFormat`, `foreign`; `unreadable`, `segmentMissing` and `gap` where the
    ///   files contradict each other or the engine, so that nothing is safe to do by itself;
    ///   `diskFull` where not even the first segment can be made; `file`.
    package static func open(
        fileSystem: any FileSystem, directory: String, identity: Identity, limits: Limits,
        engineDurable known: LogIndex?, register: SegmentRegister? = nil, isLook: Bool = false
    ) throws(WALFailure) -> (log: WriteAheadLog, recovery: Recovery) {
        precondition(
            limits.segmentBytes >= 4_096 && limits.segmentBytes <= Int(UInt32.max) >> 1,
            "segments of \(limits.segmentBytes) bytes")
        var opening = LogOpening(
            fileSystem: fileSystem, directory: directory, identity: identity, limits: limits,
            engineDurable: known, register: register, isLook: isLook)
        let engineDurable = try opening.find()
        var replay = try opening.replay(engineDurable)
        opening.tellLackOfRegister(replay)
        try opening.clearTail(of: &replay)
        try opening.makeDurable(replay)
        let headers = replay.index.takeHeaders()
        let log = WriteAheadLog(
            fileSystem: fileSystem, directory: directory, identity: identity, limits: limits,
            replayed: replay, spares: opening.spares, register: register)
        for segment in opening.obsolete {
            try log.retire(segment)
        }
        log.countFiles()
        log.counters.steps = opening.steps.union(replay.steps)
        if log.lastIndex < engineDurable {
            replay.notes.append(
                "the log in \(directory) ends at record \(log.lastIndex), the engine holds "
                    + "\(engineDurable): the log is to be reset to the engine's position")
        }
        let recovery = Recovery(
            voting: log.voting, start: log.start, frames: headers, lastIndex: log.lastIndex,
            lastDigest: log.lastDigest ?? .empty, damage: log.damage,
            tornBytes: replay.tornBytes, rottenHeaders: opening.rottenHeaders,
            notes: opening.notes + replay.notes)
        return (log, recovery)
    }
}

/// Finds the segments of a log directory, and makes the first where there is none.
struct LogOpening {
    let fileSystem: any FileSystem
    let directory: String
    let identity: WriteAheadLog.Identity
    let limits: Limits
    let engineDurable: LogIndex?

    /// The segments to be replayed, in order.
    private(set) var segments: [Segment] = []
    /// Segments that a later one has made void.
    private(set) var obsolete: [Segment] = []
    private(set) var spares: [String] = []
    private(set) var rottenHeaders: [String] = []
    private(set) var notes: [String] = []
    private(set) var steps: RecoverySteps = []

    /// Whether the log is only looked at.
    private let isLook: Bool
    private let register: SegmentRegister?
    /// Whether nothing told, before this start, which segment is the newest.
    private let lacksRegister: Bool

    init(
        fileSystem: any FileSystem, directory: String, identity: WriteAheadLog.Identity,
        limits: Limits, engineDurable: LogIndex?, register: SegmentRegister?, isLook: Bool
    ) {
        self.fileSystem = fileSystem
        self.directory = directory
        self.identity = identity
        self.limits = limits
        self.engineDurable = engineDurable
        self.register = register
        lacksRegister = register?.newest == 0
        self.isLook = isLook || engineDurable == nil
    }

    /// Opens them; the last index that the engine holds, or must hold for the log to be of use.
    mutating func find() throws(WALFailure) -> LogIndex {
        let fileSystem = fileSystem
        let directory = directory
        let names = try reading { () throws(FileFailure) in
            try fileSystem.makeDirectory(directory)
            return try fileSystem.list(directory)
        }
        var numbers: [UInt64] = []
        for name in names {
            if let number = LogFileName.number(of: name, prefix: LogFileName.segmentPrefix) {
                numbers.append(number)
            } else if LogFileName.number(of: name, prefix: LogFileName.sparePrefix) != nil {
                try findSpare(name)
            } else if name == LogFileName.preparing {
                try reading { () throws(FileFailure) in
                    try fileSystem.remove(directory + "/" + name)
                }
            } else {
                notes.append("\(directory)/\(name) is no file of the log, and was left alone")
            }
        }
        if let register, register.leastNumber > numbers.max() ?? 0 {
            throw register.missing(in: directory)
        }
        if numbers.isEmpty {
            // Without its name in the data directory all of it would be gone after a crash.
            try reading { () throws(FileFailure) in try fileSystem.syncNames(to: directory) }
            try begin()
        } else {
            try openSegments(numbers.sorted())
        }
        guard let first = segments.first, let last = segments.last else {
            preconditionFailure("no segment in \(directory) after opening")
        }
        try makeNamesDurable()
        if !self.isLook, let register {
            do throws(FileFailure) {
                try register.note(last.number)
            } catch {
                guard error.kind.isOfShortage else { throw .file(error) }
                notes.append("\(error); nothing is written before the newest segment is noted")
            }
        }
        guard let engineDurable else { return first.header.previous.index }
        // A compaction may have ended before a segment with which the log can begin.
        if first.header.previous.index > engineDurable,
            let later = segments.indices.first(where: mayBeFirst)
        {
            leaveOut(later)
        }
        let start = segments[0].header.previous.index
        guard start <= engineDurable else {
            throw .gap(start: start, engineDurable: engineDurable, directory: directory)
        }
        return engineDurable
    }

    /// Says that segments behind the newest could have gone unnoticed.
    ///
    /// A segment is noted before anything is written behind its header.
    mutating func tellLackOfRegister(_ replay: LogReplay) {
        guard lacksRegister, let register, let last = replay.segments.last,
            last.number > 1 || last.end > SegmentHeader.dataOffset
        else { return }
        notes.append(
            "\(register.path) is missing or names no segment: \(last.file.path) is taken for the "
                + "newest")
    }

    /// Retires the segments before the one at `position`.
    private mutating func leaveOut(_ position: Int) {
        notes.append(
            "\(directory): segments before \(segments[position].number) were left by a compaction "
                + "that did not end")
        obsolete += segments[..<position]
        segments.removeFirst(position)
    }

    /// Replays the segments, from the first on with which the log can begin.
    ///
    /// A compaction removes one segment after the other. Where it was to end behind a segment in which
    /// the log was cut to before that segment's own beginning, and has not come so far, such a segment is
    /// the first that is there, and nothing in it is needed.
    mutating func replay(_ held: LogIndex) throws(WALFailure) -> LogReplay {
        while true {
            var replay = LogReplay(
                segments: segments, limits: limits,
                engineDurable: max(held, segments[0].header.previous.index))
            do throws(WALFailure) {
                try replay.run()
                return replay
            } catch {
                guard let cut = replay.cutBeforeStart,
                    let first = segments.indices.first(where: { $0 > cut && mayBeFirst($0) })
                else { throw error }
                leaveOut(first)
            }
        }
    }

    /// Whether the engine holds all that is before a segment.
    private func mayBeFirst(_ position: Int) -> Bool {
        let previous = segments[position].header.previous
        return previous.index <= engineDurable ?? previous.index
            && (previous.index == .zero || previous.digest != .empty)
    }

    /// Keeps a spare of the size that is wanted now, and removes any other.
    private mutating func findSpare(_ name: String) throws(WALFailure) {
        let fileSystem = fileSystem
        let path = directory + "/" + name
        let limits = limits
        let kept = spares.count < WriteAheadLog.keptSpares
        let isFit = try reading { () throws(FileFailure) in
            let file = try fileSystem.open(path, .readOnly)
            let bytes = try file.size()
            file.close()
            if kept, bytes == limits.segmentBytes { return true }
            try fileSystem.remove(path)
            return false
        }
        if isFit { spares.append(name) }
    }

    /// Makes segment 1; only where the engine is empty too.
    private mutating func begin() throws(WALFailure) {
        guard engineDurable == .zero else {
            throw .segmentMissing(file: directory + "/" + LogFileName.segment(1))
        }
        let header = SegmentHeader(
            identity: identity, number: 1, isBase: true, firstSequence: 1, voting: .initial,
            previous: .empty, fileBytes: limits.segmentBytes)
        let files = SegmentFiles(fileSystem, directory)
        let limits = limits
        let spare = spares.popLast()
        do throws(FileFailure) {
            let name: String
            if let spare {
                name = spare
            } else {
                name = try files.makeSpare(limits.segmentBytes, besides: [])
            }
            let file = try files.install(header, from: name)
            segments = [Segment(header: header, file: file, bytes: limits.segmentBytes)]
        } catch {
            guard error.kind == .noSpace else { throw .file(error) }
            throw .diskFull(directory: directory, neededBytes: limits.segmentBytes)
        }
    }

    /// Reads the headers, and keeps the segments from the last beginning of the log on.
    private mutating func openSegments(_ numbers: [UInt64]) throws(WALFailure) {
        for number in numbers.reversed() {
            if segments.first?.header.isBase == true {
                try openObsolete(number)
                continue
            }
            if let first = segments.first, first.number != number + 1 {
                throw .segmentMissing(
                    file: directory + "/" + LogFileName.segment(first.number - 1))
            }
            segments.insert(try openSegment(number), at: 0)
        }
    }

    /// A segment that is void is retired; one that cannot even be read is removed.
    private mutating func openObsolete(_ number: UInt64) throws(WALFailure) {
        do throws(WALFailure) {
            obsolete.append(try openSegment(number))
        } catch .unreadable(let file, _, _) {
            let fileSystem = fileSystem
            try reading { () throws(FileFailure) in try fileSystem.remove(file) }
        }
    }

    private mutating func openSegment(_ number: UInt64) throws(WALFailure) -> Segment {
        let fileSystem = fileSystem
        let path = directory + "/" + LogFileName.segment(number)
        let (file, bytes) = try reading { () throws(FileFailure) in
            let file = try fileSystem.open(path, .readWrite)
            return (file, try file.size())
        }
        let head = try SectorReading(file, from: 0, count: SegmentHeader.dataOffset).bytes
        let page = try SegmentHeader.decodePage(head, file: path)
        guard page.header.identity == identity else {
            throw .foreign(file: path, found: page.header.identity, expected: identity)
        }
        guard page.header.number == number else {
            throw .unreadable(
                file: path, offset: 0, what: "it is segment \(page.header.number) by its header")
        }
        guard bytes >= page.header.fileBytes else {
            // What was cut off may have been acknowledged: it is not a tail that was never whole.
            throw .unreadable(
                file: path, offset: bytes,
                what: "the file ends here, and had \(page.header.fileBytes) bytes")
        }
        if page.needsRewrite {
            steps.insert(.rewroteHeader)
            rottenHeaders.append(
                isLook
                    ? "\(path): one copy of its header is unreadable"
                    : "\(path): one copy of its header was unreadable and has been rewritten")
            try reading { () throws(FileFailure) in
                try file.write([page.header.encodedPage()], at: 0)
                try file.sync()
            }
        }
        if bytes > page.header.fileBytes {
            notes.append(
                "\(path) has \(bytes) bytes, of which \(page.header.fileBytes) are the segment's; "
                    + "the others are not looked at")
        }
        return Segment(header: page.header, file: file, bytes: page.header.fileBytes)
    }

    /// Has the names of what was found on the disk, before any of it is noted: a process that was killed
    /// before its sync leaves a segment's name in memory alone.
    private func makeNamesDurable() throws(WALFailure) {
        #if PLANTED_BUGS
            if PlantedBug.unsyncedLogTrusted.isActive { return }
        #endif
        guard !isLook else { return }
        let fileSystem = fileSystem
        let directory = directory
        try reading { () throws(FileFailure) in try fileSystem.syncDirectory(directory) }
    }

    /// Has all that was found on the disk: a process that was killed between its write and its sync leaves
    /// a group in the page cache that is whole, and nobody may be told of it before.
    ///
    /// The last group is written once more, since one whose sync has failed may be in the page cache too, and
    /// a system that takes it for written would not write it for another sync.
    func makeDurable(_ replay: LogReplay) throws(WALFailure) {
        guard !isLook, let last = replay.segments.last else { return }
        #if PLANTED_BUGS
            if PlantedBug.unsyncedLogTrusted.isActive { return }
        #endif
        try reading { () throws(FileFailure) in
            if let group = replay.lastGroup {
                try last.file.write([group.bytes], at: group.offset)
            }
            try last.file.sync()
        }
    }

    /// Makes what is left of a torn group unreadable, so that no later crash can complete it.
    ///
    /// Where the group before it is lost, a group with nothing but the vote takes its place.
    func clearTail(of replay: inout LogReplay) throws(WALFailure) {
        guard replay.mustClearTail, let last = replay.segments.last,
            last.end + GroupEnvelope.byteCount <= last.bytes
        else { return }
        if replay.tornBytes > 0 {
            let group =
                "\(last.file.path): the last group, \(replay.tornBytes) bytes at byte \(last.end), "
            let verdict =
                switch (isLook, engineDurable) {
                case (true, nil):
                    "is not whole: the next start cuts it off as an unfinished write, or takes it "
                        + "for damage where the store holds it"
                case (true, .some): "was never acknowledged: the next start cuts it off"
                case (false, _): "was never acknowledged and has been cut off"
                }
            replay.notes.append(group + verdict)
        }
        try reading { () throws(FileFailure) in
            let zeroes = [UInt8](repeating: 0, count: GroupEnvelope.byteCount)
            let bytes =
                replay.mustReplaceTornGroup
                ? replay.replaceTornGroup().encoded(segmentID: last.header.segmentID) : zeroes
            try last.file.write([bytes], at: last.end)
            try last.file.sync()
        }
    }
}
