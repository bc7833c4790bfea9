package import Transactions

/// Who reads a watch: the loop gives it what has arrived, within the credit that it names.
///
/// Called on the loop. Held weakly: a watch whose reader is gone ends.
package protocol WatchReader: AnyObject, Sendable {
    /// The credit in change sets for a new request: all the room there is.
    func renewCredit() -> Int
    /// The credit to give on top, at once for all that was read meanwhile.
    func takeReturnedCredit() -> Int
    /// Takes what has arrived for `credits` of credit; false if there was less.
    func append(_ sets: [ChangeSet], credits: Int) -> Bool
    /// Nothing follows; `failure` says why.
    func finish(_ failure: CallFailure)
}
