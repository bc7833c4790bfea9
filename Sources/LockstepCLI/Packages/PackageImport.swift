import DebianControl
import IOCore
import Lockstep

/// Writes packages to a cluster, one transaction a package, many in flight.
///
/// Each transaction replaces the package's whole group, in the client's session: a lost answer is
/// asked for again under its own number, so a package is written once whatever happens to leaders.
/// Where even the session is lost, the transaction is sent anew, which is harmless: a group that
/// holds the package already stays as it is.
struct PackageImport {
    let client: LockstepClient
    let inFlight: Int
    /// Times a package is sent anew after its outcome was unknown.
    static let mostRetries = 8

    struct Result: Sendable {
        var packages = 0
        var retries = 0
    }

    func run(
        _ groups: [PackageGroup], progress: (Int) -> Void
    ) async throws -> Result {
        var result = Result()
        var tally = ImportTally(packages: groups.count)
        let isEnding = Locked(false)
        await withTaskGroup(of: Fate.self) { tasks in
            var next = 0
            var ended = 0
            while ended < next || (next < groups.count && tally.cause == nil) {
                while next < groups.count, next - ended < inFlight, tally.cause == nil {
                    let group = groups[next]
                    let client = client
                    tasks.addTask { await Self.write(group, to: client, isEnding) }
                    next += 1
                }
                guard let fate = await tasks.next() else { break }
                ended += 1
                switch fate {
                case .committed(let retries):
                    tally.committed += 1
                    result.retries += retries
                case .failed(let failure, let mayBeCommitted):
                    // Those under way come to their end, so that they can be counted.
                    isEnding.withLock { $0 = true }
                    tally.cause = tally.cause ?? failure
                    if mayBeCommitted { tally.unknown += 1 }
                }
                progress(tally.committed)
            }
        }
        if let failure = tally.failure { throw failure }
        result.packages = tally.committed
        return result
    }

    /// What became of one package.
    private enum Fate {
        case committed(retries: Int)
        case failed(CommandFailure, mayBeCommitted: Bool)
    }

    /// Writes one package; does not send it anew where the import is ending.
    private static func write(
        _ group: PackageGroup, to client: LockstepClient, _ isEnding: Locked<Bool>
    ) async -> Fate {
        let transaction: Transaction
        do {
            transaction = try group.transaction()
        } catch {
            let failure = CommandFailure(error) ?? CommandFailure(.software, "\(error)")
            return .failed(
                failure.told(as: "\(group.title): \(failure.text)", isOutcomeKnown: true),
                mayBeCommitted: false)
        }
        var retries = 0
        var mayBeCommitted = false
        while true {
            do throws(LockstepError) {
                try await client.commit(transaction)
                return .committed(retries: retries)
            } catch {
                mayBeCommitted = mayBeCommitted || error.mayHaveExecuted
                if error.mayHaveExecuted, retries < mostRetries,
                    !isEnding.withLock({ $0 })
                {
                    retries += 1
                    continue
                }
                let failure = CommandFailure(error)
                return .failed(
                    failure.told(
                        as: "\(group.title): \(failure.text)", isOutcomeKnown: !mayBeCommitted),
                    mayBeCommitted: mayBeCommitted)
            }
        }
    }
}

/// Reads packages back.
struct PackageExport {
    let client: LockstepClient
    let inFlight: Int

    /// All packages of the cluster, sorted by the name of their group.
    func all(progress: (Int, Int) -> Void) async throws -> [PackageGroup] {
        let names = try await client.allNames(.groups(of: PackageGroup.instance))
        return try await read(names, progress: { progress($0, names.count) }).compactMap { $0 }
    }

    /// The groups with these names, in that order; nil for one that is not there.
    func read(_ names: [String], progress: (Int) -> Void) async throws -> [PackageGroup?] {
        var groups: [PackageGroup?] = Array(repeating: nil, count: names.count)
        try await withThrowingTaskGroup(of: (Int, PackageGroup?).self) { tasks in
            var next = 0
            var done = 0
            while done < names.count {
                while next < names.count, next - done < inFlight {
                    let (place, name, client) = (next, names[next], client)
                    tasks.addTask { (place, try await Self.read(name, from: client)) }
                    next += 1
                }
                guard let (place, group) = try await tasks.next() else { break }
                groups[place] = group
                done += 1
                progress(done)
            }
        }
        return groups
    }

    private static func read(
        _ name: String, from client: LockstepClient
    ) async throws -> PackageGroup? {
        let path = PackageGroup(name: name, properties: []).path
        return try await client.propertyGroup(path).map { PackageGroup($0, name: name) }
    }
}
