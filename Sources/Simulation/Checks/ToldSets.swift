package import Identifiers

/// The change sets that a watch was told of, to hold those to that are told once more.
package struct ToldSets {
    /// One change set, as it was encoded.
    package struct Entry: Hashable, Sendable {
        package let index: LogIndex
        package let bytes: [UInt8]

        package init(index: LogIndex, bytes: [UInt8]) {
            self.index = index
            self.bytes = bytes
        }
    }

    /// Ascending.
    private var entries: [Entry] = []
    /// What it was told of later that it had lost.
    private var found: Set<Entry> = []
    /// Where a page has told of what it had lost.
    private var covered: [Range<LogIndex>] = []

    package init() {}

    package mutating func append(_ entry: Entry) {
        if let last = entries.last {
            precondition(last.index < entry.index, "\(entry.index) is told behind \(last.index)")
        }
        entries.append(entry)
    }

    /// Takes what a page from `begin` up to `through` tells of what was lost, to hold later ones to it.
    package mutating func keep(
        _ page: [Entry], from begin: LogIndex, through: LogIndex, lost: [Range<LogIndex>]
    ) {
        for entry in page where lost.contains(where: { $0.contains(entry.index) }) {
            found.insert(entry)
        }
        let told = begin..<max(begin, through.next)
        covered += lost.map { $0.clamped(to: told) }.filter { !$0.isEmpty }
    }

    /// What is wrong with a page that is to hold every change set from `begin` up to `through`: those
    /// before `next` were told before, but what `lost` holds and no page has told of since.
    package func differences(
        _ page: [Entry], from begin: LogIndex, through: LogIndex, told next: LogIndex,
        lost: [Range<LogIndex>]
    ) -> [String] {
        var wrong: [String] = []
        var first = begin
        for entry in page {
            if entry.index < first || entry.index > through {
                wrong.append("of \(entry.index) where \(first) to \(through) follow")
            }
            first = max(first, entry.index.next)
        }
        func isTold(_ entry: Entry) -> Bool {
            entry.index >= begin && entry.index <= through && entry.index < next
                && !lost.contains { $0.contains(entry.index) }
        }
        let (before, now) = (entries.filter(isTold), page.filter(isTold))
        let (old, new) = (Set(before), Set(now))
        let missed = found.subtracting(page).map(\.index).filter { begin <= $0 && $0 <= through }
        wrong += missed.sorted().map { "nothing of \($0) as another has told" }
        wrong += before.filter { !new.contains($0) }.map { "nothing of \($0.index) as before" }
        let added = page.filter { entry in
            entry.index >= begin && entry.index <= through && !found.contains(entry)
                && covered.contains { $0.contains(entry.index) }
        }
        wrong += added.map { "of \($0.index) as no other has told" }
        wrong += now.filter { !old.contains($0) }.map { "of \($0.index) as never before" }
        return wrong
    }
}
