import Codec
import Compression
import Foundation
import IOCore
import IOPosix
import Identifiers
import JSON
import WAL

/// A log of a few small segments, whose files each input tampers with.
private struct RecoverySubject: Sendable {
    let folder: String
    let identity = WriteAheadLog.Identity(
        cluster: ClusterID(Bits128(high: 1, low: 2)), node: NodeID(1), incarnation: Incarnation(3))
    let limits: Limits
    /// Names and bytes of the segments as they were written.
    let files: [(name: String, bytes: [UInt8])]
    let headers: [FrameHeader]

    /// Writes the log once, in a folder that tools/fuzz-run makes and removes.
    init() throws {
        var limits = Limits()
        limits.segmentBytes = 4_096
        limits.frameBytes = 4_096
        self.limits = limits
        let scratch = ProcessInfo.processInfo.environment["LOCKSTEP_FUZZ_SCRATCH"] ?? "."
        let folder = scratch + "/recovery"
        self.folder = folder
        let system = PosixFileSystem()
        try system.makeDirectory(folder)
        let (log, _) = try WriteAheadLog.open(
            fileSystem: system, directory: folder, identity: identity, limits: limits,
            engineDurable: .zero)
        let sealer = FrameSealer(limits: limits)
        var headers: [FrameHeader] = []
        for index in 1...24 as ClosedRange<UInt64> {
            let frame = sealer.seal(
                kind: .entries, term: Term(1 + index / 8), firstIndex: LogIndex(index), count: 1,
                raw: Array(repeating: UInt8(index), count: 100 + Int(index) * 11),
                previous: headers.last?.digest ?? .empty)
            let voting = WriteAheadLog.VotingState(term: Term(1 + index / 8), vote: NodeID(1))
            try log.write(.init(voting: voting, records: [.frame(frame)]))
            headers.append(frame.header)
        }
        log.close()
        self.headers = headers
        files = try system.list(folder).filter { $0.hasPrefix("segment-") }.sorted().map { name in
            let file = try system.open(folder + "/" + name, .readOnly)
            defer { file.close() }
            return (name, try file.read(at: 0, count: try file.size()))
        }
    }

    /// Puts the files back, tampered with as `input` says: four bytes are a file, an offset and the
    /// byte to put there; a file number from 128 on cuts the file off at the offset.
    func lay(_ input: [UInt8]) throws {
        var changed = files.map(\.bytes)
        for start in stride(from: 0, to: input.count - 3, by: 4) {
            let file = Int(input[start] & 0x7F) % changed.count
            let offset = Int(input[start + 1]) << 8 | Int(input[start + 2])
            guard offset < changed[file].count else { continue }
            if input[start] >= 0x80 {
                changed[file].removeSubrange(offset...)
            } else {
                changed[file][offset] = input[start + 3]
            }
        }
        let system = PosixFileSystem()
        for name in try system.list(folder) {
            try system.remove(folder + "/" + name)
        }
        for (place, bytes) in changed.enumerated() {
            let file = try system.open(folder + "/" + files[place].name, .create)
            defer { file.close() }
            try file.write([bytes], at: 0)
        }
    }

    /// Whatever was done to the files, what is recovered is what was written, or is missing.
    func recover() throws {
        let (log, recovery) = try WriteAheadLog.open(
            fileSystem: PosixFileSystem(), directory: folder, identity: identity, limits: limits,
            engineDurable: .zero)
        defer { log.close() }
        for header in recovery.frames {
            precondition(
                headers.contains(header), "recovered a frame that was not written: \(header)")
        }
        let missing = headers.count - recovery.frames.count
        precondition(
            missing == 0 || recovery.tornBytes > 0 || !recovery.damage.isEmpty
                || !recovery.notes.isEmpty || recovery.lastIndex < LogIndex(24),
            "\(missing) frames are gone without a word")
        for header in recovery.frames {
            let read = try log.frames(from: header.firstIndex, maximumBytes: 1)
            precondition(
                read.first?.header == header, "read \(read) where \(header) was recovered")
        }
    }
}

private let subject: RecoverySubject = {
    do {
        return try RecoverySubject()
    } catch {
        preconditionFailure("the log to tamper with cannot be written: \(error)")
    }
}()

private func recover(_ input: [UInt8]) {
    do {
        try subject.lay(input)
    } catch {
        preconditionFailure("the files cannot be laid out: \(error)")
    }
    // A refusal is a typed error, which is what is wanted.
    try? subject.recover()
}

let recoveryDecoders = [
    FuzzedDecoder(
        name: "recovery",
        seeds: { [[0, 0, 0, 1], [1, 4, 10, 7], [0x80, 8, 0, 0], [2, 5, 0, 0, 2, 6, 0, 0]] },
        decode: recover),
    FuzzedDecoder(
        name: "json", seeds: { [Array(#"{"a": [1, -2.5e3, "\u00e9", null, true]}"#.utf8)] },
        decode: { input in
            _ = try? JSONParser.parse(input)
        }),
]
