package import Identifiers

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
    package func prepare(_ slip: DiskSlip, using random: inout SeededGenerator) {
        faults.slip = slip
        slipLuck = random.next()
        images = [:]
        guard slip == .staleRead else { return }
        for path in paths(below: Self.segments) {
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
    /// Zeroes make unreadable what is left of a torn group. They are no group, and come when a start has
    /// read the log: astray, they would be rot that it cannot know of, or the end of the last group.
    func slips(writing bytes: [UInt8], at offset: Int, of content: Content, _ path: String) -> Bool
    {
        guard isGroup(path, offset), bytes.contains(where: { $0 != 0 }) else { return false }
        wroteGroup(bytes)
        content.lastGroup = offset
        newestSegment = content
        guard astray == nil else {
            astray?.isFollowed = true
            return false
        }
        guard let slip = faults.slip, slip.isOfWrites else { return false }
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
        guard let slip = faults.slip, !slip.isOfWrites, path.hasPrefix(Self.segments) else {
            return
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
