/// One direction of a connection that goes through a proxy: what has been read and not yet been written,
/// in order, and when it may be.
///
/// A part that is lost is sent again after a while, as TCP does it; all that is behind it waits.
package struct StreamPipe {
    private struct Part {
        /// Empty for the end of the stream.
        var bytes: ArraySlice<UInt8>
        /// When it may be written; nil if it was lost, and is tried again at `retry`.
        var due: UInt64?
        var retry: UInt64
    }

    /// How long it takes until something lost is sent again.
    package static let retransmissionMilliseconds: UInt64 = 200
    /// Nothing more is read beyond this.
    private static let mostBytes = 256 << 10

    package let link: Link
    private var parts: [Part] = []
    private var bytes = 0
    private var lastDue: UInt64 = 0
    /// Whether the end of the stream has been read.
    package private(set) var isEnded = false

    package init(_ link: Link) {
        self.link = link
    }

    /// Whether the end has been written.
    package var isOver: Bool {
        isEnded && parts.isEmpty
    }

    /// Whether there is room for more.
    package var mayRead: Bool {
        !isEnded && bytes < Self.mostBytes
    }

    /// Takes what was read at `now`; nothing for the end of the stream.
    package mutating func append(_ part: [UInt8], now: UInt64, _ table: inout LinkTable) {
        precondition(!isEnded, "\(part.count) bytes after the end of \(link)")
        isEnded = part.isEmpty
        bytes += part.count
        parts.append(Part(bytes: part[...], due: nil, retry: now))
        decide(parts.count - 1, now, &table)
    }

    private mutating func decide(_ place: Int, _ now: UInt64, _ table: inout LinkTable) {
        guard parts[place].due == nil, parts[place].retry <= now else { return }
        if let due = table.route(link, now: now).first {
            // A stream keeps its order, whatever the way did to its packets.
            lastDue = max(lastDue, due)
            parts[place].due = place == 0 ? due : lastDue
        } else {
            parts[place].retry = now + Self.retransmissionMilliseconds
        }
    }

    /// When there will be something to do; nil if there is nothing.
    package var nextDue: UInt64? {
        parts.first.map { $0.due ?? $0.retry }
    }

    /// What may be written at `now`: bytes, none of them for the end, or nil for nothing.
    package mutating func ready(at now: UInt64, _ table: inout LinkTable) -> ArraySlice<UInt8>? {
        guard !parts.isEmpty else { return nil }
        decide(0, now, &table)
        guard let due = parts[0].due, due <= now else { return nil }
        return parts[0].bytes
    }

    /// Notes that so much of what is ready was written; of an end, 0.
    package mutating func wrote(_ count: Int) {
        precondition(
            !parts.isEmpty && count <= parts[0].bytes.count, "\(count) bytes written too many")
        bytes -= count
        parts[0].bytes.removeFirst(count)
        if parts[0].bytes.isEmpty { parts.removeFirst() }
    }
}
