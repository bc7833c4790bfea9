import Codec
import Identifiers

extension NodeStatus {
    func encode(into writer: inout ByteWriter) {
        writer.writeVarint(node)
        writer.writeUInt64(incarnation)
        writer.writeBits128(cluster?.bits ?? .zero)
        writer.writeUInt8(role.byte)
        writer.writeUInt8(disk.byte)
        writer.writeVarint(term)
        writer.writeVarint(leader?.rawValue ?? 0)
        writer.writeBytes(boundedUTF8(leaderClientAddress, bytes: TextLimit.addressBytes))
        writer.writeBytes(boundedUTF8(version, bytes: TextLimit.addressBytes))
        for index in [commitIndex, appliedIndex, durableIndex, firstLogIndex, lastLogIndex] {
            writer.writeVarint(index)
        }
        for number in [
            featureLevel, logBytes, appendedBytes, rawBytes, storedBytes, sessions, connections,
            engineBytes,
            memoryBytes, uptimeMilliseconds,
        ] {
            writer.writeVarint(number)
        }
        writer.writeVarint(UInt64(triggers.count))
        for trigger in triggers {
            trigger.encode(into: &writer)
        }
        let shown = damage.prefix(DamageStatus.shown)
        writer.writeVarint(UInt64(shown.count))
        for range in shown {
            writer.writeVarint(range.first)
            writer.writeVarint(range.last)
            writer.writeBytes(boundedUTF8(range.place, bytes: TextLimit.reasonBytes))
        }
        writer.writeVarint(UInt64(members.count))
        for member in members {
            member.encode(into: &writer)
        }
        writer.writeBytes(boundedUTF8(notice, bytes: TextLimit.descriptionBytes))
    }

    init(from reader: inout ByteReader, limits: Limits) throws(DecodingFailure) {
        let node = try reader.readVarint(NodeID.self)
        let incarnation = try reader.readUInt64(Incarnation.self)
        let cluster = try reader.readBits128()
        self.init(
            node: node, cluster: cluster == .zero ? nil : ClusterID(cluster),
            incarnation: incarnation, role: NodeRole(byte: try reader.readUInt8()))
        disk = DiskState(byte: try reader.readUInt8())
        term = try reader.readVarint(Term.self)
        let leader = try reader.readVarint(NodeID.self)
        self.leader = leader.rawValue == 0 ? nil : leader
        leaderClientAddress = try reader.readString(limit: TextLimit.addressBytes, "address")
        version = try reader.readString(limit: TextLimit.addressBytes, "version")
        commitIndex = try reader.readVarint(LogIndex.self)
        appliedIndex = try reader.readVarint(LogIndex.self)
        durableIndex = try reader.readVarint(LogIndex.self)
        firstLogIndex = try reader.readVarint(LogIndex.self)
        lastLogIndex = try reader.readVarint(LogIndex.self)
        featureLevel = try reader.readVarint()
        logBytes = try reader.readVarint()
        appendedBytes = try reader.readVarint()
        rawBytes = try reader.readVarint()
        storedBytes = try reader.readVarint()
        sessions = try reader.readVarint()
        connections = try reader.readVarint()
        engineBytes = try reader.readVarint()
        memoryBytes = try reader.readVarint()
        uptimeMilliseconds = try reader.readVarint()
        triggers = try reader.readArray(limit: limits.triggers, "triggers") {
            (reader) throws(DecodingFailure) in try TriggerStatus(from: &reader, limits: limits)
        }
        damage = try reader.readArray(limit: DamageStatus.shown, "damaged ranges") {
            (reader) throws(DecodingFailure) in
            DamageStatus(
                first: try reader.readVarint(LogIndex.self),
                last: try reader.readVarint(LogIndex.self),
                place: try reader.readString(limit: TextLimit.reasonBytes, "place of damage"))
        }
        members = try reader.readArray(limit: limits.members, "members") {
            (reader) throws(DecodingFailure) in try MemberStatus(from: &reader)
        }
        notice = try reader.readString(limit: TextLimit.descriptionBytes, "notice")
    }
}

extension TriggerStatus {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.writeString(name)
        writer.writeVarint(deliveredThrough)
        writer.writeVarint(lagRecords)
        let (number, reason): (UInt8, String) =
            switch state {
            case .running: (0, "")
            case .failing(let reason): (1, reason)
            case .suspended(let reason): (2, reason)
            case .unknown(let number, let reason): (number, reason)
            }
        writer.writeUInt8(number)
        writer.writeBytes(boundedUTF8(reason, bytes: TextLimit.reasonBytes))
    }

    fileprivate init(from reader: inout ByteReader, limits: Limits) throws(DecodingFailure) {
        let name = try reader.readString(limit: limits.keyBytes, "trigger name")
        let deliveredThrough = try reader.readVarint(LogIndex.self)
        let lag = try reader.readVarint()
        let start = reader.position
        let number = try reader.readUInt8()
        let reason = try reader.readString(limit: TextLimit.reasonBytes, "reason of a trigger")
        let state: TriggerState
        switch number {
        case 0:
            guard reason.isEmpty else {
                throw .malformed(at: start, what: "a running trigger gives a reason")
            }
            state = .running
        case 1: state = .failing(reason)
        case 2: state = .suspended(reason)
        default: state = .unknown(number, reason)
        }
        self.init(name: name, deliveredThrough: deliveredThrough, lagRecords: lag, state: state)
    }
}

extension MemberStatus {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.writeVarint(node)
        writer.writeUInt64(incarnation?.rawValue ?? 0)
        writer.writeBytes(boundedUTF8(peerAddress, bytes: TextLimit.addressBytes))
        writer.writeBytes(boundedUTF8(clientAddress, bytes: TextLimit.addressBytes))
        writer.writeUInt8(role.byte)
        writer.writeVarint(matchIndex)
        writer.writeVarint(lagRecords)
        writer.writeVarint(lastHeardMilliseconds.map { $0 == .max ? $0 : $0 + 1 } ?? 0)
    }

    fileprivate init(from reader: inout ByteReader) throws(DecodingFailure) {
        let node = try reader.readVarint(NodeID.self)
        let incarnation = try reader.readUInt64(Incarnation.self)
        let peer = try reader.readString(limit: TextLimit.addressBytes, "peer address")
        let client = try reader.readString(limit: TextLimit.addressBytes, "client address")
        self.init(
            node: node, incarnation: incarnation.rawValue == 0 ? nil : incarnation,
            peerAddress: peer, clientAddress: client,
            role: MemberRole(byte: try reader.readUInt8()))
        matchIndex = try reader.readVarint(LogIndex.self)
        lagRecords = try reader.readVarint()
        let heard = try reader.readVarint()
        lastHeardMilliseconds = heard == 0 ? nil : heard - 1
    }
}
