/// Why bytes from outside could not be read; the offset counts from the start of the buffer.
package enum DecodingFailure: Error, Equatable, Sendable, CustomStringConvertible {
    case truncated(at: Int, wanted: Int)
    case malformed(at: Int, what: String)
    case overLimit(at: Int, what: String, value: UInt64, limit: UInt64)

    package var description: String {
        switch self {
        case .truncated(let offset, let wanted):
            "input ends at byte \(offset) where \(wanted) more are needed"
        case .malformed(let offset, let what):
            "input is malformed at byte \(offset): \(what)"
        case .overLimit(let offset, let what, let value, let limit):
            "\(what) at byte \(offset) is \(value), over the limit of \(limit)"
        }
    }
}
