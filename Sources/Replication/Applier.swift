package import Codec
import Compression
package import Identifiers
package import KeyValue
package import Stores
package import Transactions

/// Applies committed frames to the engine: what every node does alike.
///
/// Used by one thread at a time. A turn takes any number of frames and ends in one write batch with
/// the applied position in it, so that the position can never disagree with the data.
package final class Applier {
    package private(set) var engine: any Engine
    private var overlay: Overlay
    private var sessions: SessionTable
    private var feed: FeedWriter
    private var executor: Executor
    private let opener: FrameOpener
    private let limits: Limits
    package private(set) var position: AppliedPosition
    package private(set) var membership: ClusterMembership
    /// What a turn has changed, until the engine has taken it.
    private var unwritten: WriteBatch?

    package init(
        engine: any Engine, executor: Executor, limits: Limits
    ) throws(EngineFailure) {
        self.engine = engine
        self.executor = executor
        self.limits = limits
        overlay = Overlay(
            over: engine, cachedBytes: limits.cachedRowBytes,
            firstCachedByte: SystemRows.firstByteOfStores)
        opener = FrameOpener(limits: limits)
        position = try AppliedPosition.read(engine)
        membership = try Self.readMembership(engine, limits: limits)
        sessions = try SessionTable.load(from: engine, limits: limits)
        feed = try FeedWriter.load(from: engine, limits: limits)
    }

    /// Writes the first membership, durably, into an engine that has applied nothing.
    package func found(_ first: ClusterMembership) throws(EngineFailure) {
        precondition(
            position.index == .zero, "founded over an engine at \(position.index): \(first)")
        var writer = ByteWriter()
        first.encode(into: &writer)
        var batch = WriteBatch()
        batch.changes.append(
            .put(
                key: SystemRows.membership, row: Row(version: .zero, value: writer.take())))
        try engine.write(batch)
        try engine.flush()
        membership = first
    }

    /// An applier over another engine, whose state a snapshot has brought.
    func successor(over engine: any Engine) throws(EngineFailure) -> Applier {
        try Applier(engine: engine, executor: executor, limits: limits)
    }

    /// Goes on as `next`, which nobody uses from then on.
    func take(over next: Applier) {
        precondition(!hasRest, "the rest of the turn to \(position.index) is lost")
        engine = next.engine
        overlay = next.overlay
        position = next.position
        membership = next.membership
        sessions = next.sessions
        #if PLANTED_BUGS
            if PlantedBug.snapshotResetsSessions.isActive {
                sessions = SessionTable(limits: limits)
            }
        #endif
        feed = next.feed
        executor.stateReplaced()
    }

    /// The membership that the engine holds; empty where there is none.
    package static func readMembership(
        _ view: some ReadView, limits: Limits
    ) throws(EngineFailure) -> ClusterMembership {
        guard let row = try view.get(SystemRows.membership) else { return .empty }
        do {
            var reader = ByteReader(row.value)
            return try ClusterMembership.decode(&reader, limits: limits)
        } catch {
            throw EngineFailure("read the membership", reason: error.description)
        }
    }

    package var sessionCount: Int {
        sessions.count
    }

    /// Sessions idle for longer than their time to live at `time`.
    package func expiredSessions(time: UInt64) -> [SessionID] {
        sessions.expired(time: time)
    }

    /// Applies `frames`, which must follow the position without a gap, and writes one batch.
    ///
    /// A frame with a digest mark ends the turn; those behind it are left for the next. With
    /// `leavingRest` the batch stays behind for `writeRest`, which comes before everything else, and
    /// `hasRest` is true.
    package func apply(
        _ frames: [SealedFrame], leavingRest: Bool = false
    ) throws(ReplicationFailure) -> AppliedTurn {
        precondition(!hasRest, "a turn begins at \(position.index) before the last one is written")
        var turn = AppliedTurn(position: position)
        turn.frames.reserveCapacity(frames.count)
        do {
            for frame in frames where turn.digestMarks.isEmpty {
                try apply(frame, in: &turn)
            }
            #if PLANTED_BUGS
                if PlantedBug.positionAfterEffects.isActive {
                    try engine.write(overlay.takeBatch())
                }
                if PlantedBug.positionBeforeEffects.isActive { try writePositionAlone() }
            #endif
            overlay.version = position.index
            overlay.put(SystemRows.applied, position.encoded())
            let batch = overlay.takeBatch()
            if leavingRest {
                unwritten = batch
            } else {
                try engine.write(batch)
            }
        } catch let failure as EngineFailure {
            throw .engine(failure)
        } catch let failure as ReplicationFailure {
            throw failure
        } catch {
            throw .corruptFrame("\(error)")
        }
        turn.position = position
        turn.sessionCount = sessions.count
        turn.sessionFillings = sessions.fillings
        return turn
    }

    #if PLANTED_BUGS
        private func writePositionAlone() throws(EngineFailure) {
            let row = Row(version: position.index, value: position.encoded())
            var batch = WriteBatch()
            batch.changes.append(.put(key: SystemRows.applied, row: row))
            try engine.write(batch)
        }
    #endif

    /// Whether the last turn waits for `writeRest`.
    package var hasRest: Bool {
        unwritten != nil
    }

    /// Writes what the last turn left, however long the engine takes; unless `mayWait`, it is left
    /// where the engine would have to wait.
    package func writeRest(mayWait: Bool = true) throws(ReplicationFailure) {
        guard let batch = unwritten else { return }
        do throws(EngineFailure) {
            if mayWait {
                try engine.write(batch)
            } else {
                guard try engine.writeAtOnce(batch) else { return }
            }
        } catch {
            throw .engine(error)
        }
        unwritten = nil
    }

    private func apply(_ frame: SealedFrame, in turn: inout AppliedTurn) throws {
        let header = frame.header
        guard header.firstIndex == position.index.next, header.previousDigest == position.digest
        else {
            throw ReplicationFailure.corruptFrame(
                "frame \(header.firstIndex) with previous digest \(header.previousDigest) does not "
                    + "follow record \(position.index) with digest \(position.digest)")
        }
        let raw = try opener.open(frame)
        var payload = try FramePayload.Reader(raw, count: Int(header.count), limits: limits)
        let time = max(position.timeMilliseconds, payload.timeMilliseconds)
        let before = position.index
        var results: [RecordResult] = []
        results.reserveCapacity(Int(header.count))
        var index = header.firstIndex
        while let range = try payload.next() {
            results.append(try apply(raw, range, index: index, time: time, in: &turn))
            index = index.next
        }
        overlay.version = header.lastIndex
        sessions.endFrame(firstIndex: header.firstIndex, timeMilliseconds: time, to: &overlay)
        let fed = feed.endFrame(firstIndex: header.firstIndex, to: &overlay)
        position = AppliedPosition(
            index: header.lastIndex, term: header.term, digest: header.digest,
            timeMilliseconds: time, feedBytes: position.feedBytes + UInt64(fed))
        #if PLANTED_BUGS
            if PlantedBug.feedTrimmedEarly.isActive {
                try feed.checkpoint(at: position.index, feedBytes: position.feedBytes, to: &overlay)
            }
        #endif
        if limits.isCheckpointDue(after: before, through: position.index) {
            sessions.checkpoint(to: &overlay)
            try feed.checkpoint(at: position.index, feedBytes: position.feedBytes, to: &overlay)
        }
        turn.frames.append(
            AppliedFrame(
                firstIndex: header.firstIndex, results: results, byteCount: frame.bytes.count))
    }
}

// MARK: - Records

extension Applier {
    private func apply(
        _ raw: [UInt8], _ range: Range<Int>, index: LogIndex, time: UInt64,
        in turn: inout AppliedTurn
    ) throws -> RecordResult {
        overlay.version = index
        #if PLANTED_BUGS
            if PlantedBug.stateByTurn.isActive { overlay.version = turn.position.index }
        #endif
        var reader = ByteReader(raw, in: range)
        let record: Record
        do {
            record = try Record.decode(&reader, limits: limits)
        } catch {
            throw ReplicationFailure.corruptFrame("record \(index): \(error)")
        }
        switch record {
        case .nothing:
            return .done
        case .transaction(let transaction, let origin):
            return try apply(transaction, origin, index: index, time: time, in: &turn)
        case .openSession(let timeToLive, let description):
            return open(timeToLive, description, index: index, time: time)
        case .touchSession(let session):
            guard sessions.touch(session, time: time) else { return .refused(unknown(session)) }
            sessions.writeRow(of: session, to: &overlay)
            return .done
        case .closeSession(let session):
            guard sessions.close(session, in: &overlay) else {
                return .refused(unknown(session))
            }
            return .done
        case .expireSessions(let expired):
            #if PLANTED_BUGS
                let time = PlantedBug.expiryByLocalClock.isActive ? .max : time
            #endif
            for session in expired where sessions.isExpired(session, time: time) {
                _ = sessions.close(session, in: &overlay)
            }
            return .done
        case .membership(let next):
            membership = next
            turn.membership = next
            var writer = ByteWriter()
            next.encode(into: &writer)
            overlay.put(SystemRows.membership, writer.take())
            return .done
        case .triggerCursors(let cursors):
            try executor.apply(cursors, to: &overlay)
            turn.touchedTriggers = true
            return .done
        case .digestMark(let nonce):
            turn.digestMarks.append(nonce)
            return .done
        }
    }

    private func open(
        _ timeToLive: UInt64, _ description: String, index: LogIndex, time: UInt64
    ) -> RecordResult {
        let refusal = sessions.open(
            at: index, timeToLiveMilliseconds: timeToLive, description: description, time: time)
        if let refusal { return .refused(refusal) }
        let session = SessionID(index.rawValue)
        sessions.writeRow(of: session, to: &overlay)
        return .sessionOpened(session)
    }

    private func apply(
        _ transaction: Transaction, _ origin: Origin?, index: LogIndex, time: UInt64,
        in turn: inout AppliedTurn
    ) throws -> RecordResult {
        var place: SessionTable.Place?
        if let origin {
            switch sessions.admit(origin) {
            case .execute(let admitted):
                place = admitted
            case .repeated(let outcome):
                return .outcome(outcome)
            case .refuse(let code, let message):
                if code == .sessionFull { sessions.acknowledge(origin, in: &overlay) }
                return .outcome(
                    encode(
                        .aborted(index: index, Abort(step: nil, code: code, message: message))))
            }
        }
        let executed = try executor.execute(
            transaction, index: index, timeMilliseconds: time, in: &overlay)
        let outcome = executed.encodedOutcome
        if let origin, let place {
            sessions.remember(outcome, for: origin, at: place, time: time)
            sessions.noteRow(
                outcome, of: origin, index: index, firstIndex: position.index.next,
                timeMilliseconds: time, to: &overlay)
        }
        feed.add(executed, index: index, firstIndex: position.index.next, to: &overlay)
        turn.touchedTriggers = turn.touchedTriggers || executed.touchedTriggers
        return .outcome(outcome)
    }

    private func encode(_ outcome: Outcome) -> [UInt8] {
        // A buffer of its own: one that is kept and shared would keep its capacity for ever.
        var writer = ByteWriter(capacity: 32)
        outcome.encode(into: &writer)
        return writer.take()
    }

    private func unknown(_ session: SessionID) -> Abort {
        Abort(
            step: nil, code: .sessionUnknown,
            message: "session \(session) has expired or never was; open a new session")
    }
}
