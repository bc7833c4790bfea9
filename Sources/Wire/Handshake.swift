package import Codec
package import Identifiers

/// What the end that connects says first.
///
/// | bytes | field |
/// |--:|---|
/// | 8 | magic "LOCKSTEP" |
/// | 1 | role: 1 client, 2 peer |
/// | 2 | lowest version spoken |
/// | 2 | highest version spoken |
/// | 16 | cluster id, zero for any |
/// | 8 | node id of a peer, zero for a client |
/// | 8 | incarnation of a peer, zero for a client |
/// | 8 | of a peer alone: the record as of which it knows the membership |
/// | 8 | of a peer alone: its boot, 0: it does not tell |
/// | … | of a peer alone: its `ReplicationTerms` |
package struct HandshakeOffer: Hashable, Sendable {
    /// The length of a client's encoded offer, and that of a peer's without its terms.
    package static let fixedBytes = 45

    /// What the connecting end wants to be served as.
    package enum Role: UInt8, Sendable, CaseIterable {
        case client = 1
        case peer = 2
    }

    package var role: Role
    package var lowestVersion: UInt16
    package var highestVersion: UInt16
    /// The cluster that must be at the other end; nil for any.
    package var cluster: ClusterID?
    package var node: NodeID?
    package var incarnation: Incarnation?
    /// The record as of which a peer knows the membership; zero for none, and for a client.
    package var membershipIndex: LogIndex
    /// In which run a peer's process is; drawn at random when it starts, 0 for a client.
    package var boot: UInt64
    /// What a peer wants to replicate under; always there in a peer's offer, never in a client's.
    package var terms: ReplicationTerms?

    package init(
        role: Role, lowestVersion: UInt16 = NativeProtocol.lowestVersion,
        highestVersion: UInt16 = NativeProtocol.highestVersion, cluster: ClusterID? = nil,
        node: NodeID? = nil, incarnation: Incarnation? = nil,
        membershipIndex: LogIndex = .zero, boot: UInt64 = 0, terms: ReplicationTerms? = nil
    ) {
        precondition(
            (role == .peer) == (terms != nil), "a peer offers terms, a client none: \(role)")
        self.role = role
        self.lowestVersion = lowestVersion
        self.highestVersion = highestVersion
        self.cluster = cluster
        self.node = node
        self.incarnation = incarnation
        self.membershipIndex = membershipIndex
        self.boot = boot
        self.terms = terms
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.fixedBytes)
        writer.writeRaw(NativeProtocol.magic)
        writer.writeUInt8(role.rawValue)
        writer.writeUInt16(lowestVersion)
        writer.writeUInt16(highestVersion)
        writer.writeBits128(cluster?.bits ?? .zero)
        writer.writeUInt64(node?.rawValue ?? 0)
        writer.writeUInt64(incarnation?.rawValue ?? 0)
        if let terms {
            writer.writeUInt64(membershipIndex.rawValue)
            writer.writeUInt64(boot)
            terms.encode(into: &writer)
        }
        return writer.take()
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        try Self.readMagic(&reader)
        let place = reader.position
        guard let role = Role(rawValue: try reader.readUInt8()) else {
            throw .malformed(at: place, what: "role of the connection is neither client nor peer")
        }
        self.role = role
        lowestVersion = try reader.readUInt16()
        highestVersion = try reader.readUInt16()
        guard lowestVersion <= highestVersion else {
            throw .malformed(at: place + 1, what: "lowest version is above the highest")
        }
        cluster = Self.optional(try reader.readBits128())
        node = Self.optional(try reader.readUInt64(NodeID.self))
        incarnation = Self.optional(try reader.readUInt64(Incarnation.self))
        membershipIndex = role == .peer ? try reader.readUInt64(LogIndex.self) : .zero
        boot = role == .peer ? try reader.readUInt64() : 0
        terms = role == .peer ? try ReplicationTerms.decode(&reader) : nil
    }

    fileprivate static func readMagic(_ reader: inout ByteReader) throws(DecodingFailure) {
        let place = reader.position
        guard try reader.readRaw(NativeProtocol.magic.count) == NativeProtocol.magic else {
            throw .malformed(at: place, what: "does not begin with LOCKSTEP")
        }
    }

    fileprivate static func optional(_ bits: Bits128) -> ClusterID? {
        bits == .zero ? nil : ClusterID(bits)
    }

    fileprivate static func optional<ID: NumericIdentifier>(_ identifier: ID) -> ID? {
        identifier.rawValue == 0 ? nil : identifier
    }
}

/// Why a connection was not taken; a number of its own for each, so that a client can act on it.
///
/// 5 is reserved.
///
/// | code | why the connection was not taken |
/// |--:|---|
/// | 1 | unknown version: the two ranges of versions do not meet |
/// | 2 | wrong cluster |
/// | 3 | wrong role: it is served on another port |
/// | 4 | too many connections |
/// | 6 | unknown peer: the membership does not know it, or by another incarnation |
/// | 7 | malformed |
/// | 8 | terms differ: a peer of another feature level, or with other limits |
/// | 9 | not a member |
package enum HandshakeRefusalCode: UInt8, Sendable, CaseIterable {
    case unknownVersion = 1
    case wrongCluster = 2
    /// The role asked for is served on another port.
    case wrongRole = 3
    case tooManyConnections = 4
    /// A peer that the membership does not know, or knows by another incarnation.
    case unknownPeer = 6
    case malformed = 7
    /// A peer of another feature level, or with other limits that decide outcomes.
    case termsDiffer = 8
    /// A peer that is no member; the refusal says as of which record.
    case notMember = 9
}

/// Why a connection was not taken, with what to do about it.
package struct HandshakeRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    package let code: HandshakeRefusalCode
    package let text: String
    /// The record as of which a peer is no member; zero in any other refusal.
    package let asOf: LogIndex

    package init(_ code: HandshakeRefusalCode, _ text: String, asOf: LogIndex = .zero) {
        precondition(
            code == .notMember || asOf == .zero, "a refusal of kind \(code) as of \(asOf)")
        self.code = code
        self.text = text
        self.asOf = asOf
    }

    package var description: String {
        "connection refused by the node: \(text)"
    }
}

/// What the end that was connected to answers.
///
/// | bytes | field |
/// |--:|---|
/// | 8 | magic "LOCKSTEP" |
/// | 1 | 0 accepted, else a `HandshakeRefusalCode` |
/// | 2 | version chosen; for a refused version, the highest one spoken here |
/// | 16 | cluster id, zero if the node has none yet |
/// | 8 | node id |
/// | 8 | incarnation |
/// | 2 | length of the text, at most 1,024; 0 when accepted |
/// | … | why refused, UTF-8 |
/// | 8 | for "not a member" (9) alone: the record as of which |
/// | 8 | of a peer that accepts alone: its boot, 0: it does not tell |
/// | … | of a peer that accepts alone: its `ReplicationTerms` |
package struct HandshakeAnswer: Hashable, Sendable {
    /// The length of an encoded answer without its text.
    package static let fixedBytes = 45
    package static let textBytes = 1_024

    package var refusal: HandshakeRefusal?
    package var version: UInt16
    package var cluster: ClusterID?
    package var node: NodeID?
    package var incarnation: Incarnation?
    /// In which run the process of a peer that accepts is; 0 in a refusal and from a client port.
    package var boot: UInt64
    /// What a peer that accepts replicates under; nil in a refusal and from a client port.
    package var terms: ReplicationTerms?

    package init(
        refusal: HandshakeRefusal?, version: UInt16, cluster: ClusterID?, node: NodeID?,
        incarnation: Incarnation?, boot: UInt64 = 0, terms: ReplicationTerms? = nil
    ) {
        precondition(refusal == nil || terms == nil, "a refusal with terms")
        self.refusal = refusal
        self.version = version
        self.cluster = cluster
        self.node = node
        self.incarnation = incarnation
        self.boot = boot
        self.terms = terms
    }

    package func encoded() -> [UInt8] {
        let text = refusal.map { boundedUTF8($0.text, bytes: Self.textBytes) } ?? []
        var writer = ByteWriter(capacity: Self.fixedBytes + text.count)
        writer.writeRaw(NativeProtocol.magic)
        writer.writeUInt8(refusal?.code.rawValue ?? 0)
        writer.writeUInt16(version)
        writer.writeBits128(cluster?.bits ?? .zero)
        writer.writeUInt64(node?.rawValue ?? 0)
        writer.writeUInt64(incarnation?.rawValue ?? 0)
        writer.writeUInt16(UInt16(text.count))
        writer.writeRaw(text)
        if let refusal, refusal.code == .notMember { writer.writeUInt64(refusal.asOf.rawValue) }
        if let terms {
            writer.writeUInt64(boot)
            terms.encode(into: &writer)
        }
        return writer.take()
    }

    /// Reads the answer to an offer of `role`.
    package init(
        from reader: inout ByteReader, to role: HandshakeOffer.Role
    ) throws(DecodingFailure) {
        try HandshakeOffer.readMagic(&reader)
        let place = reader.position
        let code = try reader.readUInt8()
        version = try reader.readUInt16()
        cluster = HandshakeOffer.optional(try reader.readBits128())
        node = HandshakeOffer.optional(try reader.readUInt64(NodeID.self))
        incarnation = HandshakeOffer.optional(try reader.readUInt64(Incarnation.self))
        let lengthPlace = reader.position
        let count = Int(try reader.readUInt16())
        guard count <= Self.textBytes else {
            throw .overLimit(
                at: lengthPlace, what: "refusal text", value: UInt64(count),
                limit: UInt64(Self.textBytes))
        }
        guard let text = String(validating: try reader.readRaw(count), as: UTF8.self) else {
            throw .malformed(at: lengthPlace + 2, what: "refusal text is not UTF-8")
        }
        if code == 0 {
            guard text.isEmpty else {
                throw .malformed(at: lengthPlace, what: "an acceptance carries a refusal text")
            }
            refusal = nil
            boot = role == .peer ? try reader.readUInt64() : 0
            terms = role == .peer ? try ReplicationTerms.decode(&reader) : nil
        } else {
            guard let code = HandshakeRefusalCode(rawValue: code) else {
                throw .malformed(at: place, what: "unknown refusal code \(code)")
            }
            let asOf = code == .notMember ? try reader.readUInt64(LogIndex.self) : .zero
            refusal = HandshakeRefusal(code, text, asOf: asOf)
            boot = 0
            terms = nil
        }
    }
}

/// The UTF-8 of `text`, cut between characters to at most `bytes`.
func boundedUTF8(_ text: String, bytes: Int) -> [UInt8] {
    if text.utf8.count <= bytes { return Array(text.utf8) }
    var result: [UInt8] = []
    for character in text {
        if result.count + character.utf8.count > bytes { break }
        result.append(contentsOf: character.utf8)
    }
    return result
}
