/// How long a call to the cluster may take, with all its retries over elections.
package enum CallTime {
    /// The variable that tells another time, in whole seconds.
    package static let variable = "LOCKSTEP_CALL_SECONDS"
    /// What it may be.
    package static let seconds: ClosedRange<UInt64> = 1...86_400
    package static let standardMilliseconds: UInt64 = 30_000

    /// The time that a program's environment tells; throws `invalidArgument` for what is none.
    package static func milliseconds(
        _ environment: (String) -> String?
    ) throws(Failure) -> UInt64 {
        guard let text = environment(variable), !text.isEmpty else { return standardMilliseconds }
        guard let count = UInt64(text), seconds.contains(count) else { throw .invalidArgument }
        return count * 1_000
    }
}
