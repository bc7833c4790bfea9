package import Lockstep
import Properties
import Transactions

/// The properties of a cluster through the client library.
struct ClusterRepository: PropertyRepository {
    let client: LockstepClient

    func read(_ query: PropertyQuery) async throws(RepositoryFailure) -> [UInt8] {
        do throws(LockstepError) {
            return try await client.read(store: .properties, kind: query.kind, body: query.body)
                .bytes
        } catch {
            throw RepositoryFailure(error)
        }
    }

    /// An index up to which every read that follows sees everything.
    func appliedIndex() async throws(RepositoryFailure) -> UInt64 {
        let query = PropertyQuery.list(.services, page: .init(limit: 1))
        do throws(LockstepError) {
            return try await client.read(store: .properties, kind: query.kind, body: query.body)
                .appliedIndex
        } catch {
            throw RepositoryFailure(error)
        }
    }

    func submit(
        _ operations: [PropertyOperation], expecting expectations: [Expectation]
    ) async throws(RepositoryFailure) -> UInt64 {
        var transaction = Lockstep.Transaction()
        transaction.steps = operations.map(\.step)
        transaction.expectations = expectations
        do throws(LockstepError) {
            return try await client.commit(transaction).index
        } catch {
            throw RepositoryFailure(error)
        }
    }

    func rest(_ duration: Duration) async {
        // One that is cancelled meanwhile is told so by its next call.
        try? await Task.sleep(for: duration)
    }
}

extension RepositoryFailure {
    /// What a failure of the client library, an abort above all, means for who reads and decides.
    package init(_ error: LockstepError) {
        guard case .aborted(let abort) = error else {
            self = .failed(CommandFailure(error))
            return
        }
        switch abort.code {
        case .notFound:
            self = .notFound(abort.message)
        case .exists, .deleted, .outOfDate, .expectationFailed:
            self = .conflict(abort.message)
        case .requested, .malformed, .typeMismatch, .invalidArgument, .constraintViolated, .vetoed,
            .limitExceeded, .unknownStore, .sessionUnknown, .sequenceGap, .outcomeForgotten,
            .permissionDenied, .contentMissing, .sessionFull:
            // The steps are of a transaction that the command has made, not the user.
            self = .failed(CommandFailure(.negative, "the cluster refuses it: \(abort.message)"))
        }
    }
}
