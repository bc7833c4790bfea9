package import Codec
import Identifiers
import Transactions

extension Request {
    /// The first byte of the request's message.
    package var kind: UInt8 {
        switch self {
        case .openSession: 0x01
        case .submit: 0x02
        case .keepAlive: 0x03
        case .closeSession: 0x04
        case .read: 0x05
        case .watch: 0x06
        case .watchCredit: 0x07
        case .watchCancel: 0x08
        case .status: 0x09
        case .stateDigest: 0x0A
        case .memberAdd: 0x10
        case .memberRemove: 0x11
        case .memberPromote: 0x12
        case .transfer: 0x13
        case .snapshot: 0x14
        case .verify: 0x15
        case .logFrames: 0x16
        }
    }

    /// Appends the whole message.
    package func encode(_ identifier: RequestID, into writer: inout ByteWriter) {
        writer.writeMessage(kind: kind, identifier) { encodeBody(into: &$0) }
    }

    private func encodeBody(into writer: inout ByteWriter) {
        switch self {
        case .openSession(let timeToLive, let description):
            writer.writeVarint(timeToLive)
            writer.writeBytes(boundedUTF8(description, bytes: TextLimit.descriptionBytes))
        case .submit(let submission):
            submission.encode(into: &writer)
        case .keepAlive(let session), .closeSession(let session):
            writer.writeVarint(session)
        case .read(let read):
            read.encode(into: &writer)
        case .watch(let watch):
            watch.encode(into: &writer)
        case .watchCredit(let changeSets):
            writer.writeVarint(UInt64(changeSets))
        case .watchCancel, .status, .snapshot, .verify:
            break
        case .stateDigest(let index):
            writer.writeBool(index != nil)
            writer.writeVarint(index?.rawValue ?? 0)
        case .memberAdd(let node, let peerAddress, let clientAddress):
            writer.writeVarint(node)
            writer.writeBytes(boundedUTF8(peerAddress, bytes: TextLimit.addressBytes))
            writer.writeBytes(boundedUTF8(clientAddress, bytes: TextLimit.addressBytes))
        case .memberRemove(let node), .memberPromote(let node):
            writer.writeVarint(node)
        case .transfer(let node):
            writer.writeVarint(node?.rawValue ?? 0)
        case .logFrames(let from, let count):
            writer.writeVarint(from)
            writer.writeVarint(UInt64(count))
        }
    }

    /// Reads what follows the request id, all of it.
    package static func decode(
        kind: UInt8, _ reader: inout ByteReader, limits: Limits
    ) throws(DecodingFailure) -> Request {
        let request = try decodeBody(kind: kind, &reader, limits: limits)
        try reader.finish()
        return request
    }

    private static func decodeBody(
        kind: UInt8, _ reader: inout ByteReader, limits: Limits
    ) throws(DecodingFailure) -> Request {
        switch kind {
        case 0x01:
            let timeToLive = try reader.readVarint()
            return .openSession(
                timeToLiveMilliseconds: timeToLive,
                description: try reader.readString(
                    limit: TextLimit.descriptionBytes, "session description"))
        case 0x02: return .submit(try Submission(from: &reader, limits: limits))
        case 0x03: return .keepAlive(SessionID(try reader.readNonzero("session")))
        case 0x04: return .closeSession(SessionID(try reader.readNonzero("session")))
        case 0x05: return .read(try ReadRequest(from: &reader, limits: limits))
        case 0x06: return .watch(try WatchRequest(from: &reader, limits: limits))
        case 0x07: return .watchCredit(changeSets: try reader.readVarint32("credit"))
        case 0x08: return .watchCancel
        case 0x09: return .status
        case 0x0A:
            if try reader.readBool() {
                return .stateDigest(at: try reader.readVarint(LogIndex.self))
            }
            try reader.readUnused("digest index")
            return .stateDigest(at: nil)
        case 0x10:
            let node = NodeID(try reader.readNonzero("node"))
            let peer = try reader.readString(limit: TextLimit.addressBytes, "peer address")
            let client = try reader.readString(limit: TextLimit.addressBytes, "client address")
            return .memberAdd(node, peerAddress: peer, clientAddress: client)
        case 0x11: return .memberRemove(NodeID(try reader.readNonzero("node")))
        case 0x12: return .memberPromote(NodeID(try reader.readNonzero("node")))
        case 0x13:
            let node = try reader.readVarint(NodeID.self)
            return .transfer(to: node.rawValue == 0 ? nil : node)
        case 0x14: return .snapshot
        case 0x15: return .verify
        case 0x16:
            let from = try reader.readVarint(LogIndex.self)
            return .logFrames(from: from, count: try reader.readVarint32("frames"))
        default:
            throw .malformed(at: 0, what: "unknown request kind \(kind)")
        }
    }
}

extension Submission {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.writeVarint(origin.session)
        writer.writeVarint(origin.sequence)
        writer.writeVarint(origin.acknowledgedThrough)
        writer.writeUInt8(wantsChanges ? 1 : 0)
        writer.writeBytes(transaction)
    }

    fileprivate init(from reader: inout ByteReader, limits: Limits) throws(DecodingFailure) {
        let session = SessionID(try reader.readNonzero("session"))
        let sequencePlace = reader.position
        let sequence = SequenceNumber(try reader.readNonzero("sequence number"))
        let acknowledged = try reader.readVarint(SequenceNumber.self)
        guard acknowledged < sequence else {
            throw .malformed(
                at: sequencePlace, what: "sequence number \(sequence) is acknowledged already")
        }
        self.init(
            origin: Origin(session: session, sequence: sequence, acknowledgedThrough: acknowledged),
            wantsChanges: try reader.readBool(),
            transaction: try reader.readBytes(limit: limits.transactionBytes, "transaction"))
    }
}

extension ReadRequest {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.writeUInt8(store.rawValue)
        writer.writeUInt8(kind)
        switch consistency {
        case .linearizable:
            writer.writeUInt8(0)
            writer.writeVarint(0)
        case .stale(let lag):
            writer.writeUInt8(1)
            writer.writeVarint(lag)
        case .local:
            writer.writeUInt8(2)
            writer.writeVarint(0)
        }
        writer.writeBytes(body)
    }

    fileprivate init(from reader: inout ByteReader, limits: Limits) throws(DecodingFailure) {
        let store = StoreID(rawValue: try reader.readUInt8())
        let kind = try reader.readUInt8()
        let place = reader.position
        let consistency: ReadConsistency
        switch try reader.readUInt8() {
        case 0:
            consistency = .linearizable
            try reader.readUnused("lag")
        case 1:
            consistency = .stale(maximalLagMilliseconds: try reader.readVarint())
        case 2:
            consistency = .local
            try reader.readUnused("lag")
        default:
            throw .malformed(at: place, what: "unknown read consistency")
        }
        self.init(
            store: store, kind: kind,
            body: try reader.readBytes(limit: limits.transactionBytes, "read"),
            consistency: consistency)
    }
}

extension WatchRequest {
    fileprivate func encode(into writer: inout ByteWriter) {
        precondition(
            stores.count <= Self.mostStores && keyPrefixes.count <= Self.mostKeyPrefixes,
            "a watch of \(stores.count) stores and \(keyPrefixes.count) key prefixes")
        switch start {
        case .now:
            writer.writeBool(false)
            writer.writeVarint(0)
        case .from(let index):
            writer.writeBool(true)
            writer.writeVarint(index)
        }
        writer.writeBool(includesAborted)
        writer.writeVarint(UInt64(credit))
        writer.writeVarint(UInt64(stores.count))
        for store in stores {
            writer.writeUInt8(store.rawValue)
        }
        writer.writeVarint(UInt64(keyPrefixes.count))
        for prefix in keyPrefixes {
            writer.writeString(prefix)
        }
    }

    fileprivate init(from reader: inout ByteReader, limits: Limits) throws(DecodingFailure) {
        let start: Start
        if try reader.readBool() {
            start = .from(try reader.readVarint(LogIndex.self))
        } else {
            try reader.readUnused("watch index")
            start = .now
        }
        let includesAborted = try reader.readBool()
        let credit = try reader.readVarint32("credit")
        let stores = try reader.readArray(limit: Self.mostStores, "stores") {
            (reader) throws(DecodingFailure) in StoreID(rawValue: try reader.readUInt8())
        }
        let prefixes = try reader.readArray(limit: Self.mostKeyPrefixes, "key prefixes") {
            (reader) throws(DecodingFailure) in
            try reader.readString(limit: limits.keyBytes, "key prefix")
        }
        self.init(
            start: start, stores: stores, keyPrefixes: prefixes, includesAborted: includesAborted,
            credit: credit)
    }
}
