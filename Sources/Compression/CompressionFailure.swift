package import Codec

/// Why stored bytes could not be opened.
package enum CompressionFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// zstd refused the input; its own words.
    case zstd(String)
    /// The raw length is over the bound; nothing was allocated.
    case overLimit(rawBytes: UInt64, limit: Int)
    /// The input gave another number of bytes than it had promised.
    case wrongLength(expected: Int, actual: Int)
    /// The chain digest of the opened frame is not the one in its header.
    case digestMismatch(FrameHeader)
    case malformed(String)

    package var description: String {
        switch self {
        case .zstd(let reason):
            "compressed bytes cannot be read: \(reason)"
        case .overLimit(let rawBytes, let limit):
            "compressed bytes stand for \(rawBytes), over the limit of \(limit)"
        case .wrongLength(let expected, let actual):
            "compressed bytes gave \(actual) where \(expected) were promised"
        case .digestMismatch(let header):
            "the frame of term \(header.term) at index \(header.firstIndex) does not have the "
                + "digest \(header.digest) that its header names; fetch it from another node"
        case .malformed(let what):
            "compressed bytes are malformed: \(what)"
        }
    }
}
