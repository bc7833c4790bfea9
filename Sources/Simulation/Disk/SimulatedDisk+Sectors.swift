/// Sectors that can no longer be read, as a drive finds when it is asked for them.
///
/// Each read that wants anything of such a sector fails, until the sector is written again.
extension SimulatedDisk {
    /// The least that a drive loses.
    static let lostBytes = 4_096

    /// The numbers of the sectors that hold `range` of a file; none of them for an empty range.
    static func sectors(of range: Range<Int>) -> Range<Int> {
        let first = range.lowerBound / lostBytes
        guard !range.isEmpty else { return first..<first }
        return first..<((range.upperBound - 1) / lostBytes + 1)
    }

    /// Makes the sectors that hold `range` of a file unreadable.
    ///
    /// The first, the middle and the last sector of a segment are never all of them lost: that would be a
    /// drive that answers nothing, which a node takes for another fault.
    ///
    /// - Returns: whether any sector is lost that was not before.
    @discardableResult
    package func loseSectors(of path: String, holding range: Range<Int>) -> Bool {
        guard let content = files[path], !content.live.isEmpty else { return false }
        let last = (content.live.count - 1) / Self.lostBytes
        var isNew = false
        for sector in Self.sectors(of: range) where sector <= last {
            let lost = content.lostSectors.union([sector])
            if path.hasPrefix(Self.segments), lost.isSuperset(of: [0, last / 2, last]) { continue }
            if lost != content.lostSectors { isNew = true }
            content.lostSectors = lost
        }
        return isNew
    }

    /// Whether any file has a sector that cannot be read.
    package var hasLostSectors: Bool {
        files.values.contains { !$0.lostSectors.isEmpty }
    }

    /// Whether the file has a sector that cannot be read.
    func hasLostSectors(_ path: String) -> Bool {
        files[path]?.lostSectors.isEmpty == false
    }

    /// The drive finds what it has lost after all, as a later try may.
    func findSectors() {
        for content in files.values { content.lostSectors = [] }
    }
}
