import Client
import IOBlocking
import IOCore
import Identifiers
import Transactions
import Wire

/// A watch over a connection of its own, turned by the thread that waits.
///
/// Between two waits nobody turns it; what has come meanwhile is taken in by the next one, and where
/// the connection is gone by then, another goes on from where it was.
final class LinkWatch: ClusterWatch {
    /// How long it may take until a node has taken the watch.
    private let openingMilliseconds: UInt64

    private struct State {
        /// Nil where there is none that can be used.
        var line: Line?
        /// The first index that has not been told.
        var resume: LogIndex
        var isEnded = false
    }

    private struct Line {
        let attachment: Attachment
        let feed: Feed
        /// The core's number of the watch.
        static let number: UInt64 = 1
    }

    private let settings: ClientCore.Settings
    private let keyPrefixes: [String]
    private let state: Locked<State>

    init(
        _ settings: ClientCore.Settings, _ keyPrefixes: [String], from start: LogIndex,
        openingMilliseconds: UInt64
    ) {
        self.openingMilliseconds = openingMilliseconds
        self.settings = settings
        self.keyPrefixes = keyPrefixes
        state = Locked(State(resume: start))
    }

    var now: MonotonicTime {
        PollLoop.now
    }

    func next(until deadline: MonotonicTime?) throws(CallFailure) -> WatchAnswer {
        let line = try ready()
        let loop = line.attachment.loop
        let timer = deadline.map { deadline in
            loop.entered { loop.schedule(at: deadline) {} }
        }
        let hasWaited = loop.run {
            !line.feed.isEmpty || isEnded || deadline.map { loop.now >= $0 } ?? false
        }
        guard hasWaited else {
            drop()
            throw .outcomeUnknown("the system does not let this process wait")
        }
        loop.entered { if let timer { loop.cancel(timer) } }
        if isEnded { return .ended }
        let sets: [ChangeSet]
        do throws(CallFailure) {
            sets = try line.feed.take()
        } catch {
            drop()
            throw error
        }
        guard let last = sets.last else { return .quiet }
        state.withLock { $0.resume = last.index.next }
        loop.entered { line.attachment.core.value.grantCredit(Line.number) }
        return .changes(sets)
    }

    func end() {
        let line = state.withLock { state in
            state.isEnded = true
            return state.line
        }
        line?.attachment.loop.post {}
    }

    func close() {
        drop()
    }

    private var isEnded: Bool {
        state.withLock { $0.isEnded }
    }

    private func drop() {
        let line = state.withLock { state in
            defer { state.line = nil }
            return state.line
        }
        line?.attachment.letGo()
    }

    /// The watch on a connection that can be used.
    private func ready() throws(CallFailure) -> Line {
        if let line = state.withLock({ $0.line }) {
            if line.attachment.catchUp() { return line }
            drop()
        }
        let fresh = Line(attachment: try Attachment(settings), feed: Feed())
        let resume = state.withLock { state in
            state.line = fresh
            return state.resume
        }
        let template = WatchRequest(
            start: .from(resume), stores: [.properties], keyPrefixes: keyPrefixes, credit: 0)
        let loop = fresh.attachment.loop
        loop.entered {
            let deadline = loop.now.advanced(milliseconds: openingMilliseconds)
            fresh.attachment.core.value.begin(
                Watch(
                    number: Line.number, template: template, deadline: deadline,
                    reader: fresh.feed))
        }
        return fresh
    }
}

/// What a watch has told and nobody has taken yet, within the credit that was given.
private final class Feed: WatchReader {
    /// Change sets that may wait.
    private static let capacity = 64

    private struct State {
        var sets: [ChangeSet] = []
        /// What a node may still send.
        var credit = 0
        var failure: CallFailure?
    }

    private let state = Locked(State())

    var isEmpty: Bool {
        state.withLock { $0.sets.isEmpty && $0.failure == nil }
    }

    /// All that is there; the failure that ended the watch, behind what came before it.
    func take() throws(CallFailure) -> [ChangeSet] {
        try state.withLock { (state) throws(CallFailure) in
            if state.sets.isEmpty, let failure = state.failure { throw failure }
            defer { state.sets = [] }
            return state.sets
        }
    }

    func renewCredit() -> Int {
        state.withLock { state in
            state.credit = Self.capacity - state.sets.count
            return state.credit
        }
    }

    func takeReturnedCredit() -> Int {
        state.withLock { state in
            let returned = Self.capacity - state.sets.count - state.credit
            state.credit += returned
            return returned
        }
    }

    func append(_ sets: [ChangeSet], credits: Int) -> Bool {
        state.withLock { state in
            guard credits <= state.credit else { return false }
            state.credit -= credits
            state.sets += sets
            return true
        }
    }

    func finish(_ failure: CallFailure) {
        state.withLock { $0.failure = failure }
    }
}
