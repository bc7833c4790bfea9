/// The head of an HTTP request to the port for metrics, as it arrives: a value that says what is asked.
///
/// Of *RFC 9112 §2.1* only what a port with two documents needs: a request line, and lines that are
/// passed over up to an empty one. Lines end in LF, with or without CR.
package struct RequestHead: Sendable {
    package enum Asked: Hashable, Sendable {
        case metrics
        case health
        /// An HTTP status with its reason, and a sentence.
        case refused(status: String, text: String)
    }

    /// Bytes after which a head that has not ended is refused.
    package static let mostBytes = 4_096

    private var line: [UInt8] = []
    private var isFirstLine = true
    /// Whether the present line has had no byte but CR.
    private var isLineEmpty = true
    private var byteCount = 0
    private var isDecided = false

    package init() {}

    /// What is asked, once that is known; nil before, and after it has been said.
    package mutating func received(_ bytes: [UInt8]) -> Asked? {
        guard !isDecided else { return nil }
        for byte in bytes {
            guard byteCount < Self.mostBytes else {
                isDecided = true
                return .refused(status: "431 Request Header Fields Too Large", text: "too long")
            }
            byteCount += 1
            if take(byte) {
                isDecided = true
                return asked
            }
        }
        return nil
    }

    /// Whether `byte` ends the head.
    private mutating func take(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\n"):
            if isLineEmpty, !isFirstLine { return true }
            isFirstLine = false
            isLineEmpty = true
        case UInt8(ascii: "\r"):
            break
        default:
            isLineEmpty = false
            if isFirstLine { line.append(byte) }
        }
        return false
    }

    /// What a request line such as `GET /metrics HTTP/1.1` asks.
    private var asked: Asked {
        let words = String(decoding: line, as: UTF8.self).split(separator: " ")
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else {
            return .refused(
                status: "400 Bad Request", text: "this port takes HTTP/1.1 requests only")
        }
        guard words[0] == "GET" else {
            return .refused(status: "405 Method Not Allowed", text: "only GET is served")
        }
        switch words[1] {
        case "/metrics": return .metrics
        case "/health": return .health
        default:
            return .refused(status: "404 Not Found", text: "there are /metrics and /health")
        }
    }
}
