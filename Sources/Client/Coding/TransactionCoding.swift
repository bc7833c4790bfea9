package import Codec
package import Transactions

/// How transactions, outcomes and change sets become bytes; a seam between this client and the log's
/// own encoding.
package protocol TransactionCoding: Sendable {
    func encode(_ transaction: Transactions.Transaction) -> [UInt8]
    func outcome(_ bytes: [UInt8]) throws(DecodingFailure) -> Outcome
    func changeSet(_ bytes: [UInt8]) throws(DecodingFailure) -> Transactions.ChangeSet
}

extension TransactionCoding {
    /// A transaction without effect, for a place in a session that must not stay empty.
    var fillerTransaction: [UInt8] {
        encode(Transactions.Transaction(steps: []))
    }
}

/// What an outcome means for the session that it came in.
enum OutcomeVerdict {
    case final
    /// Nothing was executed by this try.
    case sessionUnknown(String)
    /// An earlier transaction of the session has not arrived: send them again in order.
    case sequenceGap(String)
    /// The session holds all the outcomes it may until earlier ones are acknowledged: send it again.
    case sessionFull(String)
    case unreadable(String)

    init(_ bytes: [UInt8], _ coding: any TransactionCoding) {
        do throws(DecodingFailure) {
            switch try coding.outcome(bytes) {
            case .committed: self = .final
            case .aborted(_, let abort):
                switch abort.code {
                case .sessionUnknown: self = .sessionUnknown(abort.message)
                case .sequenceGap: self = .sequenceGap(abort.message)
                case .sessionFull: self = .sessionFull(abort.message)
                default: self = .final
                }
            }
        } catch {
            self = .unreadable("outcome: \(error)")
        }
    }
}
