import DebianControl
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
        try await withThrowingTaskGroup(of: Int.self) { tasks in
            var next = 0
            while next < groups.count || result.packages < groups.count {
                while next < groups.count, next - result.packages < inFlight {
                    let group = groups[next]
                    let client = client
                    tasks.addTask { try await Self.write(group, to: client) }
                    next += 1
                }
                guard let retries = try await tasks.next() else { break }
                result.packages += 1
                result.retries += retries
                progress(result.packages)
            }
        }
        return result
    }

    /// Writes one package; how often it was sent anew.
    private static func write(
        _ group: PackageGroup, to client: LockstepClient
    ) async throws -> Int {
        let transaction = try group.transaction()
        var retries = 0
        while true {
            do throws(LockstepError) {
                try await client.commit(transaction)
                return retries
            } catch {
                if error.mayHaveExecuted, retries < mostRetries {
                    retries += 1
                    continue
                }
                let failure = CommandFailure(error)
                throw CommandFailure(failure.exit, "\(group.title): \(failure.text)")
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
