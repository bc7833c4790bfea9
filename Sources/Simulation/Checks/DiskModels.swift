import Codec
import Identifiers

/// What the disks of all hosts hold of the log, by what was written to them and synced.
///
/// Reads the bytes of each group by itself, from the byte tables of the format: what the node under
/// test thinks of its disk is not asked.
final class DiskModels {
    /// The end of a frame.
    struct End: Hashable {
        /// The frame's first record.
        let first: LogIndex
        let index: LogIndex
        let digest: ChainDigest
        /// The digest that the frame continues.
        let previous: ChainDigest

        init(_ header: FrameHeader) {
            first = header.firstIndex
            index = header.lastIndex
            digest = header.digest
            previous = header.previousDigest
        }
    }

    /// One disk: the ends of its frames, ascending.
    private final class Model {
        var ends: [End]
        /// Behind this the log was begun anew; the engine holds what is before.
        var start: LogIndex
        var written: [Group] = []
        /// Whether the last group that was synced has no frames: a vote, or a bare truncation.
        var endsWithVote = false

        init(ends: [End] = [], start: LogIndex = .zero) {
            self.ends = ends
            self.start = start
        }
    }

    /// What one group does.
    private struct Group {
        /// Nil for a repair, which leaves the end where it is.
        let base: LogIndex?
        let ends: [End]
        let terms: [Term]
    }

    private struct Place: Hashable {
        let index: LogIndex
        let term: Term
    }

    private var models: [UInt64: Model] = [:]
    /// The digest at the end of each frame that was ever written, by index and term: log matching.
    private var known: [Place: ChainDigest] = [:]
    private var committed: [LogIndex: ChainDigest] = [:]
    private(set) var violations: [String] = []
    private(set) var truncations = 0

    private static let envelopeBytes = 48
    private static let repairMagic: UInt32 = 0x7052_6B4C
    private static let groupMagic: UInt32 = 0x7247_6B4C

    func committed(_ index: LogIndex, _ digest: ChainDigest) {
        committed[index] = digest
    }

    /// Whether the disk of a host holds the record at `index`, where a frame ends in `digest`.
    func holds(_ host: UInt64, _ index: LogIndex, _ digest: ChainDigest) -> Bool {
        guard let model = models[host] else { return false }
        if index <= model.start { return true }
        guard let end = model.ends.last(where: { $0.index <= index }) else { return false }
        return end.index == index && end.digest == digest
    }

    /// Whether nothing but a vote lies at the end of a host's log.
    func endsWithVote(_ host: UInt64) -> Bool {
        models[host]?.endsWithVote ?? false
    }

    func forget(_ host: UInt64) {
        models[host] = nil
    }

    /// A process begins with these frames; the engine holds what is up to `start`.
    func begins(_ host: UInt64, start: LogIndex, _ headers: [FrameHeader]) {
        models[host] = Model(
            ends: headers.map(End.init), start: start)
    }

    /// An engine brought by a snapshot holds what is up to `index`.
    func holdsEngine(_ host: UInt64, _ index: LogIndex) {
        guard let model = models[host], model.start < index else { return }
        model.start = index
        model.ends.removeAll { $0.index <= index }
    }

    /// A group was written to a segment; it counts once it is synced.
    func wrote(_ host: UInt64, _ bytes: [UInt8], limits: Limits) {
        // Zeroes make unreadable what is left of a torn group.
        guard bytes.contains(where: { $0 != 0 }) else { return }
        guard let group = read(bytes, limits: limits) else {
            violations.append("n\(host) has written a group that cannot be read")
            return
        }
        let model = models[host] ?? Model()
        models[host] = model
        model.written.append(group)
        for (end, term) in zip(group.ends, group.terms) {
            let place = Place(index: end.index, term: term)
            let before = known.updateValue(end.digest, forKey: place)
            if let before, before != end.digest {
                violations.append(
                    "n\(host) has written \(end.index) of term \(term) with \(end.digest), another "
                        + "with \(before)")
            }
        }
    }

    func synced(_ host: UInt64) {
        guard let model = models[host], !model.written.isEmpty else { return }
        for group in model.written {
            if let base = group.base { truncate(host, model, to: base) }
            model.ends.append(contentsOf: group.ends)
            guard group.base == nil else { continue }
            model.ends.sort { $0.index < $1.index }
            checkChain(host, model.ends)
        }
        model.endsWithVote = model.written.last?.ends.isEmpty ?? false
        model.written.removeAll(keepingCapacity: true)
    }

    /// What has been repaired continues what is below, and is continued by what is above.
    private func checkChain(_ host: UInt64, _ ends: [End]) {
        for (one, next) in zip(ends, ends.dropFirst())
        where one.index.next == next.first && one.digest != next.previous {
            violations.append(
                "n\(host) has repaired its log so that \(next.first) does not continue "
                    + "\(one.index)")
        }
    }

    private func truncate(_ host: UInt64, _ model: Model, to base: LogIndex) {
        guard let last = model.ends.last, last.index > base else { return }
        truncations += 1
        while let last = model.ends.last, last.index > base {
            if committed[last.index] == last.digest {
                violations.append("n\(host) has forgotten \(last.index), which is committed")
            }
            model.ends.removeLast()
        }
    }

    private func read(_ bytes: [UInt8], limits: Limits) -> Group? {
        var reader = ByteReader(bytes)
        do throws(DecodingFailure) {
            let magic = try reader.readUInt32()
            guard magic == Self.groupMagic || magic == Self.repairMagic else { return nil }
            _ = try reader.skip(28)
            let base = LogIndex(try reader.readUInt64())
            var offset = Self.envelopeBytes
            var ends: [End] = []
            var terms: [Term] = []
            while offset < bytes.count {
                let header = try FrameHeader.decode(bytes, at: offset, limits: limits)
                ends.append(End(header))
                terms.append(header.term)
                offset += header.frameBytes
            }
            return Group(
                base: magic == Self.repairMagic ? nil : base, ends: ends, terms: terms)
        } catch {
            return nil
        }
    }
}
