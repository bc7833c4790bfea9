import Foundation
import IOCore
import Identifiers
import KeyValue
import Lockstep
import LockstepCLI
import Manifests
import Properties
import PropertyStorage
import Stores
import Testing
import Transactions

/// The properties of a cluster in memory: what every node executes, without the log below it.
final class MemoryRepository: PropertyRepository {
    private struct State {
        var view = Overlay(over: MemoryEngine())
        var executor = Executor(stores: StoreRegistry([PropertyStore()]))
        var index = LogIndex(0)
        /// What the last transaction has changed.
        var changed: [String] = []
        /// What somebody else does before each of the next submissions.
        var intruders: [[PropertyOperation]] = []
        /// The same before each of the next queries.
        var readIntruders: [[PropertyOperation]] = []
        /// How long was rested between tries.
        var rests: [Duration] = []
    }

    private let state = Locked(State())
    let mostListed: Int

    init(mostListed: Int = 1_000) {
        self.mostListed = mostListed
    }

    /// The number of transactions that were submitted.
    var submissions: UInt64 {
        state.withLock { $0.index.rawValue }
    }

    /// The names of what the last transaction has changed, as watches see them.
    var changed: [String] {
        state.withLock { $0.changed }
    }

    /// How long was rested between tries; no time has passed.
    var rests: [Duration] {
        state.withLock { $0.rests }
    }

    func rest(_ duration: Duration) async {
        state.withLock { $0.rests.append(duration) }
    }

    /// Lets somebody else be faster than the next submission, once for each list.
    func intrude(_ intruders: [[PropertyOperation]]) {
        state.withLock { $0.intruders = intruders }
    }

    /// Lets somebody else do something before each of the next queries; what is empty is nothing.
    func intrudeReads(_ intruders: [[PropertyOperation]]) {
        state.withLock { $0.readIntruders = intruders }
    }

    func read(_ query: PropertyQuery) async throws(RepositoryFailure) -> [UInt8] {
        try state.withLock { (state) throws(RepositoryFailure) in
            if !state.readIntruders.isEmpty {
                let operations = state.readIntruders.removeFirst()
                if !operations.isEmpty { _ = try Self.execute(operations, [], &state) }
            }
            do throws(StoreFailure) {
                return try state.executor.read(
                    .properties, kind: query.kind, body: query.body, from: state.view)
            } catch {
                switch error {
                case .abort(let code, let text): throw Self.failure(code, text)
                case .engine(let failure):
                    throw .failed(CommandFailure(.software, "\(failure)"))
                }
            }
        }
    }

    func submit(
        _ operations: [PropertyOperation], expecting expectations: [Transactions.Expectation]
    ) async throws(RepositoryFailure) -> UInt64 {
        try state.withLock { (state) throws(RepositoryFailure) in
            if !state.intruders.isEmpty {
                _ = try Self.execute(state.intruders.removeFirst(), [], &state)
            }
            return try Self.execute(operations, expectations, &state)
        }
    }

    private static func execute(
        _ operations: [PropertyOperation], _ expectations: [Transactions.Expectation],
        _ state: inout State
    ) throws(RepositoryFailure) -> UInt64 {
        state.index = state.index.next
        state.view.version = state.index
        let outcome: Outcome
        do throws(EngineFailure) {
            let execution = try state.executor.execute(
                Transactions.Transaction(
                    steps: operations.map { .operation($0.operation) }, expectations: expectations),
                index: state.index, timeMilliseconds: 1, in: &state.view)
            outcome = execution.outcome
            state.changed = execution.changeSet?.changes.map(\.key) ?? []
        } catch {
            throw .failed(CommandFailure(.software, "\(error)"))
        }
        switch outcome {
        case .committed: return state.index.rawValue
        case .aborted(_, let abort): throw failure(abort.code, abort.message)
        }
    }

    private static func failure(_ code: AbortCode, _ text: String) -> RepositoryFailure {
        RepositoryFailure(
            .aborted(TransactionAbort(index: 0, step: nil, code: AbortReason(code), message: text)))
    }
}

extension MemoryRepository {
    /// Everything that is stored, as the lines of a listing of whole paths.
    func dump() async throws(RepositoryFailure) -> [String] {
        let tree = try await tree()
        var lines: [String] = []
        for (path, _) in tree.entities.map({ ($0.key, $0.key.description) })
            .sorted(by: { $0.1 < $1.1 })
        {
            let owned = try await self.lines(of: path, .direct)
            lines += owned.isEmpty ? ["\(path)"] : owned.map(Self.text)
        }
        return lines
    }

    static func text(_ line: PropertyLine) -> String {
        String(
            decoding: line.bytes(isFull: true, isBare: false).dropLast(), as: UTF8.self)
    }
}

/// Documents and paths for the tests here.
enum Documents {
    /// A file of the manifests' own tests.
    static func example(_ name: String) throws -> [UInt8] {
        let folder = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
        return Array(
            try Data(contentsOf: folder.appendingPathComponent("ManifestsTests/Examples/\(name)")))
    }

    static func tree(_ bytes: [UInt8]) throws -> ServiceTree {
        try ServiceTree(ServiceBundle(parsing: bytes))
    }

    /// What a manifest of the service `a/b` with the instance `i` and `inside` says.
    static func service(_ inside: String, kind: String = "manifest") throws -> ServiceTree {
        try tree(
            Array(
                """
                <service_bundle type='\(kind)' name='x'>
                <service name='a/b' type='service' version='1'>
                \(inside)
                </service></service_bundle>
                """.utf8))
    }

    static func path(_ text: String) throws -> PropertyPath {
        try #require(PropertyPath(text), "\(text)")
    }
}
