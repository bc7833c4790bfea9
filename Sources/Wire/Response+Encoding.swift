package import Codec
import Identifiers
import Transactions

extension Response {
    /// The first byte of the response's message.
    package var kind: UInt8 {
        switch self {
        case .sessionOpened: 0x81
        case .outcome: 0x82
        case .done: 0x83
        case .readResult: 0x84
        case .readAborted: 0x85
        case .watchStarted: 0x86
        case .changeSets: 0x87
        case .watchEnded: 0x88
        case .status: 0x89
        case .digest: 0x8A
        case .snapshotTaken: 0x8B
        case .verified: 0x8C
        case .logFrames: 0x8D
        case .error: 0xFF
        }
    }

    /// Appends the whole message.
    package func encode(_ identifier: RequestID, into writer: inout ByteWriter) {
        writer.writeMessage(kind: kind, identifier) { encodeBody(into: &$0) }
    }

    private func encodeBody(into writer: inout ByteWriter) {
        switch self {
        case .sessionOpened(let session):
            writer.writeVarint(session)
        case .outcome(let outcome, let changes):
            writer.writeBytes(outcome)
            writer.writeBool(changes != nil)
            if let changes { writer.writeBytes(changes) }
        case .done(let index):
            writer.writeVarint(index)
        case .readResult(let applied, let result):
            writer.writeVarint(applied)
            writer.writeBytes(result)
        case .readAborted(let applied, let code, let message):
            writer.writeVarint(applied)
            writer.writeUInt8(code.rawValue)
            writer.writeBytes(boundedUTF8(message, bytes: TextLimit.reasonBytes))
        case .watchStarted(let first):
            writer.writeVarint(first)
        case .changeSets(let through, let sets):
            writer.writeVarint(through)
            writer.writeVarint(UInt64(sets.count))
            for set in sets {
                writer.writeBytes(set)
            }
        case .watchEnded(let end):
            end.encode(into: &writer)
        case .status(let status):
            status.encode(into: &writer)
        case .digest(let index, let digest):
            writer.writeVarint(index)
            writer.writeBits128(digest)
        case .snapshotTaken(let applied, let firstRetained, let milliseconds):
            writer.writeVarint(applied)
            writer.writeVarint(firstRetained)
            writer.writeVarint(milliseconds)
        case .verified(let verification):
            verification.encode(into: &writer)
        case .logFrames(let page):
            page.encode(into: &writer)
        case .error(let error):
            error.encode(into: &writer)
        }
    }

    /// Reads what follows the request id, all of it.
    package static func decode(
        kind: UInt8, _ reader: inout ByteReader, limits: Limits
    ) throws(DecodingFailure) -> Response {
        let response = try decodeBody(kind: kind, &reader, limits: limits)
        try reader.finish()
        return response
    }

    private static func decodeBody(
        kind: UInt8, _ reader: inout ByteReader, limits: Limits
    ) throws(DecodingFailure) -> Response {
        switch kind {
        case 0x81: return .sessionOpened(SessionID(try reader.readNonzero("session")))
        case 0x82:
            let outcome = try reader.readBytes(limit: limits.clientAnswerBytes, "outcome")
            guard try reader.readBool() else { return .outcome(outcome, changes: nil) }
            return .outcome(
                outcome,
                changes: try reader.readBytes(limit: limits.clientAnswerBytes, "change set"))
        case 0x83: return .done(try reader.readVarint(LogIndex.self))
        case 0x84:
            let applied = try reader.readVarint(LogIndex.self)
            return .readResult(
                applied: applied,
                try reader.readBytes(limit: limits.clientAnswerBytes, "read result"))
        case 0x85:
            let applied = try reader.readVarint(LogIndex.self)
            let code = try reader.readEnum(AbortCode.self, "abort code")
            return .readAborted(
                applied: applied, code,
                message: try reader.readString(limit: TextLimit.reasonBytes, "abort message"))
        case 0x86: return .watchStarted(first: try reader.readVarint(LogIndex.self))
        case 0x87:
            let through = try reader.readVarint(LogIndex.self)
            let sets = try reader.readArray(limit: limits.watchBatchRecords, "change sets") {
                (reader) throws(DecodingFailure) in
                try reader.readBytes(limit: limits.clientAnswerBytes, "change set")
            }
            return .changeSets(through: through, sets)
        case 0x88: return .watchEnded(try WatchEnd(from: &reader))
        case 0x89: return .status(try NodeStatus(from: &reader, limits: limits))
        case 0x8A:
            let index = try reader.readVarint(LogIndex.self)
            return .digest(at: index, try reader.readBits128())
        case 0x8B:
            let applied = try reader.readVarint(LogIndex.self)
            let first = try reader.readVarint(LogIndex.self)
            return .snapshotTaken(
                applied: applied, firstRetained: first, milliseconds: try reader.readVarint())
        case 0x8C: return .verified(try Verification(from: &reader))
        case 0x8D: return .logFrames(try LogPage(from: &reader))
        case 0xFF: return .error(try RequestError(from: &reader))
        default:
            throw .malformed(at: 0, what: "unknown response kind \(kind)")
        }
    }
}

extension WatchEnd {
    fileprivate func encode(into writer: inout ByteWriter) {
        switch self {
        case .retentionPassed(let first):
            writer.writeUInt8(1)
            writer.writeVarint(first)
        case .followerLost(let text):
            writer.writeUInt8(2)
            writer.writeBytes(boundedUTF8(text, bytes: TextLimit.reasonBytes))
        case .cancelled:
            writer.writeUInt8(3)
            writer.writeBytes([])
        case .stopping:
            writer.writeUInt8(4)
            writer.writeBytes([])
        case .tooSlow(let text):
            writer.writeUInt8(5)
            writer.writeBytes(boundedUTF8(text, bytes: TextLimit.reasonBytes))
        }
    }

    fileprivate init(from reader: inout ByteReader) throws(DecodingFailure) {
        let place = reader.position
        let reason = try reader.readUInt8()
        if reason == 1 {
            self = .retentionPassed(firstRetained: try reader.readVarint(LogIndex.self))
            return
        }
        let textPlace = reader.position
        let text = try reader.readString(limit: TextLimit.reasonBytes, "end of watch")
        switch reason {
        case 2: self = .followerLost(text)
        case 3: self = .cancelled
        case 4: self = .stopping
        case 5: self = .tooSlow(text)
        default: throw .malformed(at: place, what: "unknown end of watch \(reason)")
        }
        guard text.isEmpty || reason == 2 || reason == 5 else {
            throw .malformed(at: textPlace, what: "a text with an end of watch that has none")
        }
    }
}

extension Verification {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.writeVarint(segments)
        writer.writeVarint(frames)
        writer.writeVarint(bytes)
        let told = problems.prefix(Self.mostProblems)
        writer.writeVarint(UInt64(told.count))
        for problem in told {
            writer.writeBytes(boundedUTF8(problem, bytes: TextLimit.descriptionBytes))
        }
    }

    fileprivate init(from reader: inout ByteReader) throws(DecodingFailure) {
        let segments = try reader.readVarint()
        let frames = try reader.readVarint()
        let bytes = try reader.readVarint()
        let problems = try reader.readArray(limit: Self.mostProblems, "problems") {
            (reader) throws(DecodingFailure) in
            try reader.readString(limit: TextLimit.descriptionBytes, "problem")
        }
        self.init(segments: segments, frames: frames, bytes: bytes, problems: problems)
    }
}

extension RequestError {
    fileprivate func encode(into writer: inout ByteWriter) {
        func write(_ text: String) {
            writer.writeBytes(boundedUTF8(text, bytes: TextLimit.reasonBytes))
        }
        switch self {
        case .notLeader(let node, let address):
            writer.writeUInt8(1)
            writer.writeVarint(node?.rawValue ?? 0)
            writer.writeBytes(boundedUTF8(address, bytes: TextLimit.addressBytes))
        case .unavailable(let reason, let milliseconds):
            writer.writeUInt8(2)
            write(reason)
            writer.writeVarint(max(1, milliseconds))
        case .noRoom(let reason):
            writer.writeUInt8(2)
            write(reason)
            writer.writeVarint(0)
        case .interrupted(let reason):
            writer.writeUInt8(3)
            write(reason)
        case .refused(let code, let text):
            writer.writeUInt8(4)
            writer.writeUInt8(code.rawValue)
            write(text)
        case .tooLarge(let what, let size, let limit):
            writer.writeUInt8(5)
            write(what)
            writer.writeVarint(size)
            writer.writeVarint(limit)
        case .sessionExpired(let session):
            writer.writeUInt8(6)
            writer.writeVarint(session)
        case .protocolViolation(let text):
            writer.writeUInt8(7)
            write(text)
        }
    }

    fileprivate init(from reader: inout ByteReader) throws(DecodingFailure) {
        func text(_ reader: inout ByteReader) throws(DecodingFailure) -> String {
            try reader.readString(limit: TextLimit.reasonBytes, "error text")
        }
        let place = reader.position
        switch try reader.readUInt8() {
        case 1:
            let node = try reader.readVarint(NodeID.self)
            self = .notLeader(
                node: node.rawValue == 0 ? nil : node,
                clientAddress: try reader.readString(limit: TextLimit.addressBytes, "address"))
        case 2:
            let reason = try text(&reader)
            let milliseconds = try reader.readVarint()
            self =
                milliseconds == 0
                ? .noRoom(reason: reason)
                : .unavailable(reason: reason, retryAfterMilliseconds: milliseconds)
        case 3: self = .interrupted(reason: try text(&reader))
        case 4:
            let code = try reader.readEnum(RefusalCode.self, "refusal code")
            self = .refused(code, try text(&reader))
        case 5:
            let what = try text(&reader)
            let size = try reader.readVarint()
            self = .tooLarge(what: what, size: size, limit: try reader.readVarint())
        case 6: self = .sessionExpired(try reader.readVarint(SessionID.self))
        case 7: self = .protocolViolation(try text(&reader))
        case let code: throw .malformed(at: place, what: "unknown error code \(code)")
        }
    }
}
