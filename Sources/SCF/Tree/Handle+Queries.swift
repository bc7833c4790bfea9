import Client
import Codec
import Identifiers
import Properties
import Transactions
import Wire

// What handles ask and tell the cluster; everything under the lock.
extension Handle {
    /// The answer to a query.
    func read<Reply>(
        _ query: PropertyQuery, _ decode: ([UInt8]) throws(DecodingFailure) -> Reply
    ) throws(Failure) -> Reply {
        let cluster = try cluster()
        let answer: ReadAnswer
        askedAt = now()
        do throws(CallFailure) {
            answer = try cluster.read(query)
        } catch {
            throw Failure(ofReading: error)
        }
        switch answer {
        case .aborted(let applied, let code):
            known.hear(applied)
            throw Failure(code)
        case .found(let applied, let bytes):
            known.hear(applied)
            readIndex = applied
            return try Self.decoded(bytes, decode)
        }
    }

    /// Follows changes over a connection of its own.
    func watch(
        _ keyPrefixes: [String], from start: LogIndex
    ) throws(Failure) -> any ClusterWatch {
        let cluster = try cluster()
        do throws(CallFailure) {
            return try cluster.watch(keyPrefixes, from: start)
        } catch {
            throw Failure(ofReading: error)
        }
    }

    /// Carries an operation out; its result.
    func submit<Reply>(
        _ operation: PropertyOperation, _ decode: ([UInt8]) throws(DecodingFailure) -> Reply
    ) throws(Failure) -> Reply {
        guard let result = try submit(operation) else { throw .internal }
        return try Self.decoded(result, decode)
    }

    /// Carries an operation out; nil where its base version is out of date.
    func submit(_ operation: PropertyOperation) throws(Failure) -> [UInt8]? {
        let cluster = try cluster()
        let outcome: Outcome
        do throws(CallFailure) {
            outcome = try cluster.submit(operation)
        } catch {
            throw Failure(error)
        }
        switch outcome {
        case .committed(let index, let results):
            known.hear(index)
            return results.first ?? []
        case .aborted(let index, let abort):
            known.hear(index)
            if abort.code == .outOfDate { return nil }
            throw Failure(abort.code)
        }
    }

    private static func decoded<Reply>(
        _ bytes: [UInt8], _ decode: ([UInt8]) throws(DecodingFailure) -> Reply
    ) throws(Failure) -> Reply {
        do throws(DecodingFailure) {
            return try decode(bytes)
        } catch {
            throw .internal
        }
    }

    // MARK: - Things of the tree

    /// The service or instance at `path`: `notFound`.
    func entity(_ path: PropertyPath) throws(Failure) -> Entity {
        let reply = try read(.entity(path), EntityReply.init)
        guard let id = reply.id else { throw .notFound }
        return Entity(path: path, id: id)
    }

    /// Throws `deleted` where the thing is gone, though another may have its name.
    func requirePresent(_ entity: Entity) throws(Failure) {
        let reply = try read(.entity(entity.path), EntityReply.init)
        guard reply.id == entity.id else { throw .deleted }
    }
}

extension Failure {
    /// What an operation or a query was refused for.
    init(_ code: AbortCode) {
        self =
            switch code {
            case .notFound: .notFound
            case .exists: .exists
            case .typeMismatch: .typeMismatch
            case .invalidArgument: .invalidArgument
            case .deleted: .deleted
            case .constraintViolated: .constraintViolated
            case .vetoed, .permissionDenied: .permissionDenied
            case .limitExceeded, .sessionFull: .noResources
            // Nobody can tell any more what became of it.
            case .sessionUnknown, .sequenceGap, .outcomeForgotten: .connectionBroken
            case .requested, .malformed, .outOfDate, .expectationFailed, .unknownStore,
                .contentMissing:
                .internal
            }
    }

    /// Why an operation has no outcome: `connectionBroken` where it may have been carried out.
    ///
    /// What surely was not is `noResources`, but for a cluster of which no node is there, whose connection
    /// is broken for all calls alike.
    init(_ failure: CallFailure) {
        switch failure {
        case .refused(let code, _):
            self =
                switch code {
                case .busy: .noResources
                case .invalidArgument, .notFound, .exists, .wrongState: .internal
                }
        case .tooLarge, .unavailable:
            self = .noResources
        case .unreachable, .historyLost:
            self = .connectionBroken
        case .outcomeUnknown, .sessionLost, .timedOut, .cancelled, .protocolViolation, .closed:
            self = failure.mayHaveExecuted ? .connectionBroken : .noResources
        }
    }

    /// Why a query has no answer; it has changed nothing, so nothing is unknown.
    init(ofReading failure: CallFailure) {
        switch failure {
        case .outcomeUnknown, .sessionLost, .timedOut, .cancelled, .closed: self = .noResources
        case .protocolViolation: self = .internal
        case .refused, .tooLarge, .unavailable, .unreachable, .historyLost: self.init(failure)
        }
    }
}
