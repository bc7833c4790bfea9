/// A thread of its own for work that blocks: the disk's, and the store engine's.
///
/// Jobs run one at a time in the order of submission. A simulation runs them on its loop, at a time
/// of its choice.
package protocol Worker: AnyObject, Sendable {
    /// Runs `job` on the worker; from any thread.
    func submit(_ job: @escaping @Sendable () -> Void)
}
