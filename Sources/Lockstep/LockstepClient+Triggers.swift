import Codec
import Identifiers
import Triggers

extension LockstepClient {
    /// All triggers in force, sorted by name.
    public func triggers(
        consistency: ReadConsistency = .linearizable, timeout: Duration? = nil
    ) async throws(LockstepError) -> [RegisteredTrigger] {
        let reply = try await read(
            store: .triggers, kind: TriggerStore.listRead, body: [], consistency: consistency,
            timeout: timeout)
        do throws(DecodingFailure) {
            return try TriggerStore.decodeList(reply.bytes, limits: .standard).map {
                RegisteredTrigger(
                    trigger: Trigger($0.definition),
                    deliveredThrough: $0.deliveredThrough.rawValue, suspension: $0.suspension)
            }
        } catch {
            throw .protocolViolation("list of triggers: \(error)")
        }
    }

    /// Registers a trigger in a transaction of its own.
    @discardableResult
    public func addTrigger(
        _ trigger: Trigger, timeout: Duration? = nil
    ) async throws(LockstepError) -> Commit {
        var transaction = Transaction()
        try transaction.addTrigger(trigger)
        return try await commit(transaction, timeout: timeout)
    }

    /// Removes a trigger in a transaction of its own.
    @discardableResult
    public func removeTrigger(
        _ name: String, timeout: Duration? = nil
    ) async throws(LockstepError) -> Commit {
        var transaction = Transaction()
        transaction.removeTrigger(name)
        return try await commit(transaction, timeout: timeout)
    }

    /// Ends the suspension of a trigger in a transaction of its own.
    @discardableResult
    public func resumeTrigger(
        _ name: String, timeout: Duration? = nil
    ) async throws(LockstepError) -> Commit {
        var transaction = Transaction()
        transaction.resumeTrigger(name)
        return try await commit(transaction, timeout: timeout)
    }
}
