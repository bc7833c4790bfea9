package import Identifiers
import WAL

/// Writes and reads that go wrong without a word.
///
/// They stay within what a log can find out: a group that is lost or astray has a later group behind
/// it before the process ends (else the drive has written it after all), and what a read gives wrongly
/// never lies in the last group of the log.
extension SimulatedDisk {
    /// A write that is not where it should be, and may still get there.
    struct Astray {
        let content: Content
        let offset: Int
        let bytes: [UInt8]
        /// Whether a later group has been written.
        var isFollowed = false
    }

    private static let sector = 512
    /// Bytes of a segment's header, which slips leave alone.
    private static let headerBytes = 1_024

    /// Makes a slip ready: the next fitting access goes wrong.
    package func prepare(
        _ slip: DiskSlip, of target: SlipTarget = .log, using random: inout SeededGenerator
    ) {
        faults.slip = slip
        faults.slipTarget = target
        slipLuck = random.next()
        images = [:]
        guard slip == .staleRead else { return }
        for path in paths(below: target.prefix) {
            guard let content = files[path] else { continue }
            images[ObjectIdentifier(content)] = (content, content.live)
        }
    }

    /// The data directory of every simulated node.
    static var data: String { "/data" }
    static var segments: String { data + "/log/segment-" }

    private func isGroup(_ path: String, _ offset: Int) -> Bool {
        offset >= Self.headerBytes && path.hasPrefix(Self.segments)
    }

    /// Whether a write of `bytes` at `offset` goes elsewhere; the file is long enough for it.
    ///
    /// Zeroes, or a group with nothing but the vote, make unreadable what is left of a torn group. They come
    /// when a start has read the log: astray, they would be rot that it cannot know of, or the end of the last
    /// group. So zeroes and what is written while a process opens its data do not slip.
    func slips(writing bytes: [UInt8], at offset: Int, of content: Content, _ path: String) -> Bool
    {
        if faults.slipTarget != .log, path.hasPrefix(faults.slipTarget.prefix) {
            return slipsBeside(writing: bytes, of: content)
        }
        guard isGroup(path, offset), bytes.contains(where: { $0 != 0 }) else { return false }
        // A start writes the last group once more.
        if isOpening, content.live[offset..<(offset + bytes.count)].elementsEqual(bytes) {
            return false
        }
        wroteGroup(bytes)
        content.lastGroup = offset
        newestSegment = content
        guard astray == nil else {
            astray?.isFollowed = true
            return false
        }
        guard let slip = faults.slip, slip.isOfWrites, faults.slipTarget == .log, !isOpening else {
            return false
        }
        faults.slip = nil
        counts.slips[slip, default: 0] += 1
        astray = Astray(content: content, offset: offset, bytes: bytes)
        guard slip == .misdirectedWrite else { return true }
        let room = content.live.count - bytes.count - Self.headerBytes
        guard room > 0 else { return true }
        let place = Self.headerBytes + Int(slipLuck % UInt64(room)) / 8 * 8
        let target = place..<(place + bytes.count)
        // Half over its own place it would look like a write that was torn.
        guard !target.overlaps(offset..<(offset + bytes.count)) else { return true }
        content.live.replaceSubrange(target, with: bytes)
        content.makeDurable(target)
        return true
    }

    /// A group has been synced: what was astray before it stays so.
    func syncedGroup(_ path: String) {
        guard path.hasPrefix(Self.segments) else { return }
        syncedGroups()
        if astray?.isFollowed == true { astray = nil }
    }

    /// The process ends: a last group that was astray is where it belongs after all.
    func settleAstray() {
        defer { astray = nil }
        guard let astray else { return }
        let range = astray.offset..<(astray.offset + astray.bytes.count)
        guard range.upperBound <= astray.content.live.count else { return }
        astray.content.live.replaceSubrange(range, with: astray.bytes)
        astray.content.makeDurable(range)
    }

    /// Spoils what a read of `range` gives, where a slip is ready and fits.
    func slip(
        _ bytes: inout [UInt8], reading range: Range<Int>, of content: Content, _ path: String
    ) {
        guard let slip = faults.slip, !slip.isOfWrites, path.hasPrefix(faults.slipTarget.prefix)
        else { return }
        guard faults.slipTarget == .log else {
            return slipBeside(&bytes, slip, reading: range, of: content, path)
        }
        let end = content === newestSegment ? content.lastGroup : range.upperBound
        let first = (max(range.lowerBound, Self.headerBytes) + Self.sector - 1) / Self.sector
        let last = min(range.upperBound, end) / Self.sector
        guard first < last else { return }
        let sectors = (first..<last).filter { sector in
            let place = sector * Self.sector
            return content.live[place..<(place + Self.sector)].contains { $0 != 0 }
        }
        guard !sectors.isEmpty else { return }
        let place = sectors[Int(slipLuck % UInt64(sectors.count))] * Self.sector
        var wrong = content.live[place..<(place + Self.sector)]
        switch slip {
        case .staleRead:
            guard let image = images[ObjectIdentifier(content)]?.bytes,
                place + Self.sector <= image.count
            else { return }
            wrong = image[place..<(place + Self.sector)]
        case .misdirectedRead:
            let other = sectors[Int(slipLuck / 7 % UInt64(sectors.count))] * Self.sector
            wrong = content.live[other..<(other + Self.sector)]
        case .lostWrite, .misdirectedWrite:
            return
        }
        guard wrong != content.live[place..<(place + Self.sector)] else { return }
        let start = place - range.lowerBound
        bytes.replaceSubrange(start..<(start + Self.sector), with: wrong)
        faults.slip = nil
        images = [:]
        counts.slips[slip, default: 0] += 1
    }
}

// MARK: - Beside the log

extension SlipTarget {
    /// How the paths of its files begin; an identity is written under another name first.
    var prefix: String {
        let layout = DataDirectoryLayout(root: SimulatedDisk.data)
        return switch self {
        case .log: SimulatedDisk.segments
        case .register: layout.segmentRegister
        case .identity: layout.identityFile
        }
    }
}

extension SimulatedDisk {
    /// Whether a write beside the log is lost, or goes elsewhere in its file where there is room.
    ///
    /// Nothing follows it that a log could find out by; but what is there instead is no identity, and a
    /// register with one slot that is old, or none, knows of fewer segments than there are.
    private func slipsBeside(writing bytes: [UInt8], of content: Content) -> Bool {
        guard let slip = faults.slip, slip.isOfWrites else { return false }
        faults.slip = nil
        counts.slipsBeside[faults.slipTarget, default: 0] += 1
        let room = content.live.count - bytes.count
        guard slip == .misdirectedWrite, room > 0 else { return true }
        let place = Int(slipLuck % UInt64(room / Self.sector + 1)) * Self.sector
        content.live.replaceSubrange(place..<(place + bytes.count), with: bytes)
        content.makeDurable(place..<(place + bytes.count))
        return true
    }

    /// Gives what the file held before, what its other slot holds, or what the register does for an identity.
    private func slipBeside(
        _ bytes: inout [UInt8], _ slip: DiskSlip, reading range: Range<Int>, of content: Content,
        _ path: String
    ) {
        let source: [UInt8]
        var place = range.lowerBound
        switch (slip, faults.slipTarget) {
        case (.staleRead, _):
            source = images[ObjectIdentifier(content)]?.bytes ?? []
        case (_, .identity):
            source = self.bytes(of: SlipTarget.register.prefix) ?? []
        default:
            source = content.live
            place = (place + content.live.count / 2) % max(1, content.live.count)
        }
        guard place + bytes.count <= source.count else { return }
        let wrong = Array(source[place..<(place + bytes.count)])
        guard wrong != bytes else { return }
        bytes = wrong
        faults.slip = nil
        images = [:]
        counts.slipsBeside[faults.slipTarget, default: 0] += 1
        misread.insert(path)
    }
}
