package import Codec
package import Identifiers
package import KeyValue
import Transactions

/// The client sessions and the outcomes they may still ask for: what makes a retry harmless.
///
/// Held in memory and applied from the log alone. On the engine it is log-structured: each frame's
/// outcomes are one row, and at every checkpoint (each `Limits.checkpointRecords`) the sessions that
/// had outcomes since the last one are written out and those rows removed. So a busy session costs a
/// row write a checkpoint, not one a transaction, and the rows are a function of the log.
package struct SessionTable: Sendable {
    /// One session.
    struct Session: Hashable, Sendable {
        var timeToLiveMilliseconds: UInt64
        var description: String
        var lastActiveMilliseconds: UInt64
        var acknowledgedThrough = SequenceNumber.zero
        /// The highest sequence that was executed.
        var highest = SequenceNumber.zero
        /// Encoded outcomes above `acknowledgedThrough`.
        var outcomes = OutcomeQueue()
        /// It had outcomes since the last checkpoint.
        var isDirty = false
        /// Rows that it has on the engine.
        var rows = 0
    }

    /// Where an admitted session is, until one is opened or closed.
    typealias Place = Dictionary<SessionID, Session>.Index

    /// What to do with a transaction that names a session.
    enum Admission: Equatable {
        case execute(Place)
        /// It was executed before: this is its outcome.
        case repeated([UInt8])
        /// It must not be executed, now or later in this form.
        case refuse(AbortCode, String)
    }

    private(set) var sessions: [SessionID: Session] = [:]
    /// How often an opening has taken the last place that there was, since the table was loaded.
    private(set) var fillings: UInt64 = 0
    /// Bytes of the outcomes that all sessions have.
    private var outcomeBytes = 0
    /// Sessions with outcomes since the last checkpoint, also those closed since.
    private var dirty: [SessionID] = []
    /// The outcome rows written since the last checkpoint.
    private var outcomeRows: [[UInt8]] = []
    /// The outcomes of the frame being applied, encoded as its row.
    private var frameRow = ByteWriter()
    /// The name of that row, unless it is the frame's first.
    private var part: LogIndex?
    private let limits: Limits

    package init(limits: Limits) {
        self.limits = limits
    }

    package var count: Int {
        sessions.count
    }

    /// Whether a session is open.
    package func contains(_ session: SessionID) -> Bool {
        sessions[session] != nil
    }
}

extension Limits {
    /// Whether to apply the records behind `before`, up to `index`, brings a checkpoint, which takes
    /// long where many sessions have changed.
    func isCheckpointDue(after before: LogIndex, through index: LogIndex) -> Bool {
        let distance = UInt64(checkpointRecords)
        return before.rawValue / distance != index.rawValue / distance
    }
}

// MARK: - Records

extension SessionTable {
    /// Opens the session named after `index`; refuses over the limit.
    mutating func open(
        at index: LogIndex, timeToLiveMilliseconds: UInt64, description: String, time: UInt64
    ) -> Abort? {
        guard sessions.count < limits.sessions else {
            return Abort(
                step: nil, code: .limitExceeded,
                message: "the cluster has \(limits.sessions) open sessions, its limit; "
                    + "close some or wait until they expire")
        }
        sessions[SessionID(index.rawValue)] = Session(
            timeToLiveMilliseconds: timeToLiveMilliseconds, description: description,
            lastActiveMilliseconds: time)
        if sessions.count == limits.sessions { fillings += 1 }
        return nil
    }

    /// Marks a session as alive; false where it is unknown.
    mutating func touch(_ session: SessionID, time: UInt64) -> Bool {
        guard sessions[session] != nil else { return false }
        sessions[session]?.lastActiveMilliseconds = time
        return true
    }

    /// Forgets a session and deletes its rows; false where it is unknown.
    mutating func close<V: View>(_ session: SessionID, in view: inout V) -> Bool {
        guard let closed = sessions.removeValue(forKey: session) else { return false }
        outcomeBytes -= closed.outcomes.bytes
        for part in 0..<closed.rows {
            view.delete(SystemRows.session(session, part: part))
        }
        return true
    }

    /// Whether the session's time to live is over at `time`.
    func isExpired(_ session: SessionID, time: UInt64) -> Bool {
        guard let state = sessions[session] else { return false }
        let (end, isNever) = state.lastActiveMilliseconds.addingReportingOverflow(
            state.timeToLiveMilliseconds)
        return !isNever && end < time
    }

    /// Sessions that have been idle for longer than their time to live, in order.
    func expired(time: UInt64) -> [SessionID] {
        sessions.keys.filter { isExpired($0, time: time) }.sorted()
    }

    /// Decides about a transaction before it is executed; changes nothing, because a decision that
    /// leaves no row behind must leave no trace in memory either.
    func admit(_ origin: Origin) -> Admission {
        guard let place = sessions.index(forKey: origin.session) else {
            return .refuse(
                .sessionUnknown,
                "session \(origin.session) has expired or never was; nothing was executed, and the "
                    + "outcome of its earlier transactions is unknown; open a new session")
        }
        let session = sessions.values[place]
        let kept = session.outcomes.kept(after: origin.acknowledgedThrough)
        let admission = session.admit(
            origin, at: place, open: kept.count, bytes: kept.bytes, limits: limits)
        guard case .execute = admission else { return admission }
        return refusal(bytes: kept.bytes, of: session) ?? admission
    }

    /// Why an outcome more, beside `own` bytes that its session would keep, is too much for all
    /// sessions together; nil where it is not.
    ///
    /// Over the limit a session may go on within an equal share, so that those who acknowledge get
    /// on beside those who do not; over twice the limit none may, before others have acknowledged too.
    private func refusal(bytes own: Int, of session: Session) -> Admission? {
        let limit = limits.outcomeBytesOfSessions
        let all = outcomeBytes - session.outcomes.bytes + own
        guard all >= limit, all >= 2 * limit || own >= max(1, limit / sessions.count) else {
            return nil
        }
        return .refuse(
            .sessionFull,
            "all sessions have \(all) bytes of unacknowledged outcomes, over their limit of "
                + "\(limit), and this one \(own); acknowledge some and send the request again")
    }

    /// Forgets what a request acknowledges that is refused for want of room, so that room comes about.
    mutating func acknowledge<V: View>(_ origin: Origin, in view: inout V) {
        guard let place = sessions.index(forKey: origin.session) else { return }
        let freed = sessions.values[place].acknowledge(origin)
        guard freed > 0 else { return }
        outcomeBytes -= freed
        writeRow(of: origin.session, to: &view)
    }

    /// Remembers the outcome of an executed transaction, that its session lives, and what the client
    /// has acknowledged; `place` is where it was admitted.
    mutating func remember(
        _ outcome: [UInt8], for origin: Origin, at place: Place, time: UInt64
    ) {
        let noted = sessions.values[place].remember(outcome, for: origin, time: time)
        if noted.isFirst { dirty.append(origin.session) }
        outcomeBytes += noted.addedBytes
    }
}

extension SessionTable.Session {
    /// Decides as `SessionTable.admit` does, where `open` outcomes of `bytes` bytes in all would still
    /// be unacknowledged.
    func admit(
        _ origin: Origin, at place: SessionTable.Place, open: Int, bytes: Int, limits: Limits
    ) -> SessionTable.Admission {
        if origin.sequence <= acknowledgedThrough {
            return .refuse(
                .outcomeForgotten,
                "request \(origin.sequence) was acknowledged and its outcome forgotten; "
                    + "acknowledged through \(acknowledgedThrough)")
        }
        if origin.sequence <= highest {
            #if PLANTED_BUGS
                if PlantedBug.retryExecuted.isActive { return .execute(place) }
            #endif
            guard let known = outcomes[origin.sequence] else {
                return .refuse(.outcomeForgotten, "the outcome of \(origin.sequence) is forgotten")
            }
            return .repeated(known)
        }
        guard origin.sequence == highest.next else {
            return .refuse(
                .sequenceGap,
                "request \(origin.sequence) came before request \(highest.next); "
                    + "send the missing ones first")
        }
        guard open < limits.outcomesPerSession else {
            return .refuse(
                .sessionFull,
                "the session has \(open) unacknowledged outcomes, its limit; "
                    + "acknowledge some and send the request again")
        }
        guard bytes < limits.outcomeBytesPerSession else {
            return .refuse(
                .sessionFull,
                "the session has \(bytes) bytes of unacknowledged outcomes, over its limit of "
                    + "\(limits.outcomeBytesPerSession); acknowledge some and send the request again"
            )
        }
        return .execute(place)
    }

    /// Forgets the outcomes that a request acknowledges; returns their bytes.
    @discardableResult
    mutating func acknowledge(_ origin: Origin) -> Int {
        // A client cannot acknowledge what it has not been answered.
        let through = min(origin.acknowledgedThrough, highest)
        guard through > acknowledgedThrough else { return 0 }
        let before = outcomes.bytes
        acknowledgedThrough = through
        outcomes.forget(through: through)
        return before - outcomes.bytes
    }

    /// Takes note of an outcome; returns whether it is the first since the last checkpoint, and how
    /// many more bytes of outcomes there are.
    mutating func remember(
        _ outcome: [UInt8], for origin: Origin, time: UInt64
    ) -> (isFirst: Bool, addedBytes: Int) {
        let before = outcomes.bytes
        let wasDirty = isDirty
        isDirty = true
        lastActiveMilliseconds = max(lastActiveMilliseconds, time)
        acknowledge(origin)
        if origin.sequence > highest {
            highest = origin.sequence
            outcomes.append(outcome, of: origin.sequence)
        }
        return (!wasDirty, outcomes.bytes - before)
    }
}

// MARK: - Rows

extension SessionTable {
    /// Adds an outcome that was remembered to the row of the frame being applied; begins another
    /// row, named after the record, where it does not fit.
    mutating func noteRow<V: View>(
        _ outcome: [UInt8], of origin: Origin, index: LogIndex, firstIndex: LogIndex,
        timeMilliseconds: UInt64, to view: inout V
    ) {
        if frameRow.count > 0, frameRow.count + outcome.count > limits.rowPartBytes {
            endFrame(firstIndex: firstIndex, timeMilliseconds: timeMilliseconds, to: &view)
            part = index
        }
        frameRow.writeVarint(origin.session)
        frameRow.writeVarint(origin.sequence)
        frameRow.writeVarint(origin.acknowledgedThrough)
        frameRow.writeBytes(outcome)
    }

    /// Writes the row of the frame just applied; nothing where it had no outcome.
    mutating func endFrame<V: View>(
        firstIndex: LogIndex, timeMilliseconds: UInt64, to view: inout V
    ) {
        guard frameRow.count > 0 else { return }
        var row = ByteWriter(capacity: frameRow.count + 10)
        row.writeVarint(timeMilliseconds)
        row.writeRaw(frameRow.bytes)
        precondition(
            row.count <= limits.rowBytes,
            "outcomes of \(row.count) bytes, over the limit of \(limits.rowBytes)")
        let key = SystemRows.outcomes(frame: part ?? firstIndex)
        part = nil
        outcomeRows.append(key)
        view.put(key, row.take())
        frameRow.removeAll(keepingCapacity: true)
    }

    /// Writes an open session's rows at once: for records that leave no outcome behind.
    mutating func writeRow<V: View>(of session: SessionID, to view: inout V) {
        guard let place = sessions.index(forKey: session) else {
            preconditionFailure("session \(session) is not open")
        }
        let rows = sessions.values[place].encoded(partBytes: limits.rowPartBytes)
        for (part, row) in rows.enumerated() {
            precondition(
                row.count <= limits.rowBytes,
                "session of \(row.count) bytes, over the limit of \(limits.rowBytes)")
            view.put(SystemRows.session(session, part: part), row)
        }
        let before = sessions.values[place].rows
        sessions.values[place].rows = rows.count
        guard before > rows.count else { return }
        for part in rows.count..<before {
            view.delete(SystemRows.session(session, part: part))
        }
    }

    /// Writes the sessions changed since the last checkpoint, and removes the outcome rows.
    mutating func checkpoint<V: View>(to view: inout V) {
        for session in dirty.sorted() {
            // Where one was closed, its row has been deleted.
            guard let place = sessions.index(forKey: session) else { continue }
            sessions.values[place].isDirty = false
            writeRow(of: session, to: &view)
        }
        for key in outcomeRows {
            view.delete(key)
        }
        outcomeRows.removeAll(keepingCapacity: true)
        dirty.removeAll(keepingCapacity: true)
    }

    /// Reads the table back as it was when the last batch was written.
    package static func load(
        from view: some ReadView, limits: Limits
    ) throws(EngineFailure) -> SessionTable {
        var table = SessionTable(limits: limits)
        var failure: DecodingFailure?
        try view.scan(KeyRange(prefix: SystemRows.sessionPrefix), reverse: false) { key, row in
            do throws(DecodingFailure) {
                guard let (session, part) = SystemRows.sessionPart(of: key) else {
                    throw .malformed(at: 0, what: "session key of \(key.count) bytes")
                }
                try table.load(session, part: part, row.value)
                return true
            } catch {
                failure = error
                return false
            }
        }
        try view.scan(KeyRange(prefix: SystemRows.outcomesPrefix), reverse: false) { key, row in
            guard failure == nil else { return false }
            table.outcomeRows.append(key)
            #if PLANTED_BUGS
                if PlantedBug.outcomesLostAtRestart.isActive { return true }
            #endif
            do throws(DecodingFailure) {
                try table.replay(row.value, limits: limits)
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure {
            throw EngineFailure("load the client sessions", reason: failure.description)
        }
        return table
    }

    private mutating func load(
        _ session: SessionID, part: Int, _ row: [UInt8]
    ) throws(DecodingFailure) {
        guard part > 0 else {
            let loaded = try Session.decode(row, limits: limits)
            sessions[session] = loaded
            outcomeBytes += loaded.outcomes.bytes
            return
        }
        guard let place = sessions.index(forKey: session), sessions.values[place].rows == part
        else { throw .malformed(at: 0, what: "part \(part) of a session before another") }
        var reader = ByteReader(row)
        outcomeBytes -= sessions.values[place].outcomes.bytes
        try sessions.values[place].decodeOutcomes(&reader, limits: limits)
        outcomeBytes += sessions.values[place].outcomes.bytes
    }

    private mutating func replay(_ row: [UInt8], limits: Limits) throws(DecodingFailure) {
        var reader = ByteReader(row)
        let time = try reader.readVarint()
        while !reader.isAtEnd {
            let session = try reader.readVarint(SessionID.self)
            let sequence = try reader.readVarint(SequenceNumber.self)
            let acknowledged = try reader.readVarint(SequenceNumber.self)
            let outcome = try reader.readBytes(limit: limits.outcomeBytes, "outcome")
            guard let found = sessions.index(forKey: session) else { continue }
            let origin = Origin(
                session: session, sequence: sequence, acknowledgedThrough: acknowledged)
            remember(outcome, for: origin, at: found, time: time)
        }
    }
}

extension SessionTable.Session {
    /// | field | form |
    /// |---|---|
    /// | time to live, last active, milliseconds | varint each |
    /// | description | string |
    /// | acknowledged through, highest | varint each |
    /// | outcomes, to the end | varint sequence, bytes |
    ///
    /// Outcomes that would take a row over `partBytes` go on in another, which holds nothing else.
    func encoded(partBytes: Int) -> [[UInt8]] {
        var rows: [[UInt8]] = []
        var writer = ByteWriter()
        writer.writeVarint(timeToLiveMilliseconds)
        writer.writeVarint(lastActiveMilliseconds)
        writer.writeString(description)
        writer.writeVarint(acknowledgedThrough)
        writer.writeVarint(highest)
        for outcome in outcomes.all {
            if writer.count > 0, writer.count + outcome.bytes.count > partBytes {
                rows.append(writer.take())
            }
            writer.writeVarint(outcome.sequence)
            writer.writeBytes(outcome.bytes)
        }
        rows.append(writer.take())
        return rows
    }

    static func decode(
        _ bytes: [UInt8], limits: Limits
    ) throws(DecodingFailure) -> SessionTable.Session {
        var reader = ByteReader(bytes)
        let timeToLive = try reader.readVarint()
        let lastActive = try reader.readVarint()
        let description = try reader.readString(limit: limits.keyBytes, "session description")
        var session = SessionTable.Session(
            timeToLiveMilliseconds: timeToLive, description: description,
            lastActiveMilliseconds: lastActive)
        session.acknowledgedThrough = try reader.readVarint(SequenceNumber.self)
        session.highest = try reader.readVarint(SequenceNumber.self)
        try session.decodeOutcomes(&reader, limits: limits)
        return session
    }

    /// Adds the outcomes of one more row.
    mutating func decodeOutcomes(
        _ reader: inout ByteReader, limits: Limits
    ) throws(DecodingFailure) {
        rows += 1
        while !reader.isAtEnd {
            let start = reader.position
            let sequence = try reader.readVarint(SequenceNumber.self)
            let bytes = try reader.readBytes(limit: limits.outcomeBytes, "outcome")
            if let last = outcomes.all.last, last.sequence >= sequence {
                throw .malformed(at: start, what: "outcomes are not sorted by sequence")
            }
            guard outcomes.count < limits.outcomesPerSession,
                outcomes.bytes < limits.outcomeBytesPerSession
            else { throw .malformed(at: start, what: "more outcomes than a session may have") }
            outcomes.append(bytes, of: sequence)
        }
    }
}
