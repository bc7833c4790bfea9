/// The native protocol of clients, as values: handshake, framing, requests and responses.
///
/// This target does no I/O and keeps no connection. `Handshake…` opens every connection, also those
/// between nodes; `MessageSplitter` cuts a byte stream into messages; `Request` and `Response` say
/// what they mean. All integers are little-endian; varints are those of `ByteWriter`.
///
/// After the handshake both directions carry messages:
///
/// | bytes | field |
/// |--:|---|
/// | 4 | length of what follows, from 5 to `Limits.clientRequestBytes` or `Limits.clientAnswerBytes` |
/// | 1 | kind: below 0x80 from the client, from 0x80 from the server |
/// | 4 | request id, chosen by the client; answers repeat it |
/// | … | body, by kind |
///
/// Answers may come in any order. An id may be used again when its final answer has arrived.
package enum NativeProtocol {
    /// The versions that this build speaks, `[lowest, highest]`.
    package static let lowestVersion: UInt16 = 1
    package static let highestVersion: UInt16 = 1
    /// What every handshake begins with, both ways: "LOCKSTEP".
    package static let magic: [UInt8] = Array("LOCKSTEP".utf8)
    /// Bytes of length, kind and request id before a message's body.
    package static let messageHeaderBytes = 9
}

/// Names one request of one connection until its final answer.
package struct RequestID: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt32
    @inlinable package init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    // Looked up several times for each request, by other modules.
    @inlinable package static func == (left: RequestID, right: RequestID) -> Bool {
        left.rawValue == right.rawValue
    }

    @inlinable package func hash(into hasher: inout Hasher) {
        hasher.combine(rawValue)
    }

    package var description: String {
        String(rawValue)
    }
}
