import Codec
package import Properties
package import Transactions

/// The properties of a cluster, as the commands of `lockstep scf` use them.
package protocol PropertyRepository: Sendable {
    /// Answers a query, seeing everything that was committed before.
    func read(_ query: PropertyQuery) async throws(RepositoryFailure) -> [UInt8]

    /// Executes all operations as one transaction where every expectation holds; returns its index.
    func submit(
        _ operations: [PropertyOperation], expecting: [Expectation]
    ) async throws(RepositoryFailure) -> UInt64

    /// Services, instances or groups that one listing of a command may have.
    var mostListed: Int { get }

    /// Waits between two tries.
    func rest(_ duration: Duration) async
}

/// Why a query or a transaction came to nothing.
package enum RepositoryFailure: Error, Sendable, Equatable {
    /// Nothing of that name is there.
    case notFound(String)
    /// Another state than the caller knew: read again, and decide anew.
    case conflict(String)
    case failed(CommandFailure)

    /// The failure as a command ends with it.
    package var command: CommandFailure {
        switch self {
        case .notFound(let text), .conflict(let text): CommandFailure(.negative, text)
        case .failed(let failure): failure
        }
    }
}

extension PropertyRepository {
    package var mostListed: Int { 1_000_000 }

    /// Throws `failed` where a listing is longer than a command keeps in memory.
    private func requireListable(_ count: Int) throws(RepositoryFailure) {
        guard count > mostListed else { return }
        throw .failed(
            CommandFailure(
                .negative,
                "there are more than \(mostListed) of them, which one command does not list; "
                    + "name each whole"))
    }

    /// All children, by name, page by page.
    func children(
        _ children: PropertyChildren
    ) async throws(RepositoryFailure) -> [PropertyListing.Entry] {
        var entries: [PropertyListing.Entry] = []
        while true {
            let page = PropertyQuery.Page(after: entries.last?.name ?? "")
            let reply = try await read(.list(children, page: page))
            let listing = try Self.decode { () throws(DecodingFailure) in
                try PropertyListing(reply)
            }
            entries += listing.entries
            try requireListable(entries.count)
            if !listing.hasMore || listing.entries.isEmpty { return entries }
        }
    }

    /// The instances of a service, by name; nil where the service is not there.
    func instances(
        of service: PropertyPath
    ) async throws(RepositoryFailure) -> [FoundEntity]? {
        let entries: [PropertyListing.Entry]
        do throws(RepositoryFailure) {
            entries = try await children(.instances(of: service, id: nil))
        } catch {
            if case .notFound = error { return nil }
            throw error
        }
        return entries.compactMap { entry in
            PropertyPath(service: service.service, instance: entry.name)
                .map { FoundEntity(path: $0, id: entry.id) }
        }
    }

    /// The identity of a service or an instance; nil if there is none.
    func identity(of path: PropertyPath) async throws(RepositoryFailure) -> EntityID? {
        let reply = try await read(.entity(path))
        return try Self.decode { () throws(DecodingFailure) in try EntityReply(reply) }.id
    }

    /// One group; nil if there is none.
    func group(_ path: PropertyPath) async throws(RepositoryFailure) -> PropertyGroup? {
        let reply = try await read(.group(path))
        return try Self.decode { () throws(DecodingFailure) in try GroupReply(reply) }.group
    }

    /// All groups by name; nil where what they belong to is not there.
    func groups(
        _ source: GroupSource
    ) async throws(RepositoryFailure) -> [String: PropertyGroup]? {
        var groups: [String: PropertyGroup] = [:]
        var after: String? = ""
        while let name = after {
            let query = PropertyQuery.groups(source, type: nil, page: .init(after: name))
            let reply: [UInt8]
            do throws(RepositoryFailure) {
                reply = try await read(query)
            } catch {
                if case .notFound = error { return nil }
                throw error
            }
            let listing = try Self.decode { () throws(DecodingFailure) in try GroupListing(reply) }
            for entry in listing.entries { groups[entry.name] = entry.group }
            try requireListable(groups.count)
            after = listing.through
        }
        return groups
    }

    /// What an instance shows together with its service, by name.
    func composedGroups(
        _ source: ComposedSource
    ) async throws(RepositoryFailure) -> [ListedComposition] {
        var entries: [ListedComposition] = []
        var after: String? = ""
        while let name = after {
            let reply = try await read(
                .composedGroups(source, type: nil, page: .init(after: name)))
            let listing = try Self.decode { () throws(DecodingFailure) in
                try ComposedListing(reply)
            }
            entries += listing.entries
            try requireListable(entries.count)
            after = listing.through
        }
        return entries
    }

    /// The snapshots of an instance, by name; 64 at the most, which one page holds.
    func snapshots(
        of instance: PropertyPath
    ) async throws(RepositoryFailure) -> [ListedSnapshot] {
        let reply = try await read(.snapshots(of: instance, id: nil, page: .init()))
        return try Self.decode { () throws(DecodingFailure) in try SnapshotListing(reply) }.entries
    }

    /// A snapshot; nil where it or its instance is not there.
    func snapshot(
        _ path: SnapshotPath
    ) async throws(RepositoryFailure) -> SnapshotReply.Found? {
        let reply: [UInt8]
        do throws(RepositoryFailure) {
            reply = try await read(.snapshot(SnapshotReference(path), instanceID: nil))
        } catch {
            if case .notFound = error { return nil }
            throw error
        }
        return try Self.decode { () throws(DecodingFailure) in try SnapshotReply(reply) }
            .found
    }

    private static func decode<Reply>(
        _ body: () throws(DecodingFailure) -> Reply
    ) throws(RepositoryFailure) -> Reply {
        do throws(DecodingFailure) {
            return try body()
        } catch {
            throw .failed(
                CommandFailure(
                    .software,
                    "the answer of the properties: \(error); check that command and nodes are of "
                        + "fitting versions"))
        }
    }
}

/// How often a decision is made anew because others were faster, and how long it rests meanwhile.
package enum Retrying {
    package static let mostTries = 20
    /// Tries that follow each other at once: one other is seldom faster again and again.
    package static let eagerTries = 3
    /// The longest rest.
    package static let longestRestMilliseconds: UInt64 = 500

    /// Under how many milliseconds the rest before another try is, which is drawn by chance, so that
    /// those who are in each other's way part.
    package static func restMilliseconds(afterTries tries: Int) -> UInt64 {
        guard tries >= eagerTries else { return 0 }
        return min(longestRestMilliseconds, 4 << UInt64(tries - eagerTries))
    }
}

extension PropertyRepository {
    /// Runs `body` again while it meets a state that has changed meanwhile.
    ///
    /// Throws `conflict` after the last try.
    func retrying<Result>(
        _ body: () async throws(RepositoryFailure) -> Result
    ) async throws(RepositoryFailure) -> Result {
        var tries = 1
        while true {
            do throws(RepositoryFailure) {
                return try await body()
            } catch {
                guard case .conflict(let text) = error else { throw error }
                guard tries < Retrying.mostTries else {
                    throw .conflict("\(text), in each of \(tries) tries; try again later")
                }
                let bound = Retrying.restMilliseconds(afterTries: tries)
                if bound > 0 { await rest(.milliseconds(UInt64.random(in: 0..<bound))) }
                tries += 1
            }
        }
    }
}
