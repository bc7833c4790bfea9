import Identifiers

/// The writes that the core has asked for and not yet heard of, and what is on disk because of them.
///
/// `last` is the last index that is on disk once the write is, so it never falls from one
/// write to the next: a truncation lowers it in all writes before it too, and an index that was cut
/// off is never counted durable by a late completion.
struct WriteQueue: Sendable {
    private struct Pending: Sendable {
        let identifier: WriteID
        var last: LogIndex
    }

    private var pending = Queue<Pending>()
    private var latest = WriteID.zero
    private var hardState = WriteID.zero
    private(set) var durable = WriteID.zero
    private(set) var durableIndex: LogIndex

    init(durableIndex: LogIndex) {
        self.durableIndex = durableIndex
    }

    var count: Int {
        pending.count
    }

    /// The latest write of the hard state, while it is not on disk.
    var pendingHardState: WriteID? {
        hardState > durable ? hardState : nil
    }

    /// A new write, after which the log ends at `last`.
    mutating func issue(last: LogIndex) -> WriteID {
        latest = latest.next
        pending.append(Pending(identifier: latest, last: last))
        return latest
    }

    mutating func issueHardState(last: LogIndex) -> WriteID {
        hardState = issue(last: last)
        return hardState
    }

    /// Writes up to `identifier` are on disk.
    mutating func complete(through identifier: WriteID) {
        precondition(identifier <= latest, "write \(identifier) was never asked for (\(latest) was)")
        while let first = pending.first, first.identifier <= identifier {
            durableIndex = max(durableIndex, first.last)
            pending.removeFirst()
        }
        durable = max(durable, identifier)
    }

    /// The log was cut after `index`.
    mutating func truncate(after index: LogIndex) {
        durableIndex = min(durableIndex, index)
        var offset = pending.count - 1
        while offset >= 0, pending[offset].last > index {
            pending[offset].last = index
            offset -= 1
        }
    }

    /// The log was replaced by a durable snapshot at `index`; what is pending adds nothing to it.
    mutating func reset(to index: LogIndex) {
        durableIndex = index
        for offset in 0..<pending.count {
            pending[offset].last = index
        }
    }

    /// The log up to `index` is durable by a snapshot, and goes on after it.
    mutating func raise(to index: LogIndex) {
        durableIndex = max(durableIndex, index)
        for offset in 0..<pending.count where pending[offset].last < index {
            pending[offset].last = index
        }
    }

    /// The write that an answer about the log up to `index` in the current term must wait for.
    func covering(_ index: LogIndex) -> WriteID? {
        guard index > durableIndex else { return pendingHardState }
        let offset = pending.partitionPoint { $0.last < index }
        precondition(offset < pending.count, "no write covers \(index)")
        return max(pending[offset].identifier, pendingHardState ?? .zero)
    }
}
