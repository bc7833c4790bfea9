import Codec
import Identifiers
import Replication

/// Loses, repeats and reorders whole messages in one direction of a connection between peers.
///
/// The handshake is left alone, and so are messages about the founding of a cluster, which are as
/// sure as the connection: nobody sends them again.
struct MessageHarmer {
    private var isShaken = false
    private var delayed: [UInt8]?

    /// What arrives instead of `bytes`: whole messages that were sent together.
    mutating func harm(
        _ bytes: [UInt8], _ harm: MessageHarm, using random: inout SeededGenerator,
        count: ((inout FabricCounts) -> Void) -> Void
    ) -> [[UInt8]] {
        guard isShaken else {
            isShaken = true
            return [bytes]
        }
        guard !harm.isNone || delayed != nil else { return [bytes] }
        var pieces: [[UInt8]] = []
        for message in Self.split(bytes) {
            if harm.losesFrames, Self.hasFrames(message) {
                count { $0.lost += 1 }
                continue
            }
            let isSure = message.count > 4 && message[4] == FoundingMessage.kind
            if !isSure, random.happens(perMille: harm.lostPerMille) {
                count { $0.lost += 1 }
                continue
            }
            if !isSure, delayed == nil, random.happens(perMille: harm.reorderedPerMille) {
                count { $0.reordered += 1 }
                delayed = message
                continue
            }
            pieces.append(message)
            if !isSure, random.happens(perMille: harm.repeatedPerMille) {
                count { $0.repeated += 1 }
                pieces.append(message)
            }
            if let late = delayed {
                delayed = nil
                pieces.append(late)
            }
        }
        return pieces
    }

    /// Whether a message of the core has frames behind its head.
    private static func hasFrames(_ message: [UInt8]) -> Bool {
        var reader = ByteReader(message)
        guard (try? reader.skip(4)) != nil, (try? reader.readUInt8()) == PeerMessage.kind,
            (try? reader.skip(4)) != nil, let head = try? reader.readUInt32(),
            (try? reader.skip(Int(head))) != nil
        else { return false }
        return !reader.isAtEnd
    }

    /// The messages in `bytes`; what is no whole message stays in one piece.
    private static func split(_ bytes: [UInt8]) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        var reader = ByteReader(bytes)
        while !reader.isAtEnd {
            let start = reader.position
            guard let length = try? reader.readUInt32(),
                (try? reader.skip(Int(length))) != nil
            else {
                messages.append(Array(bytes[start...]))
                return messages
            }
            messages.append(Array(bytes[start..<reader.position]))
        }
        return messages
    }
}
