import ArgumentParser
import JSON
import Lockstep
import Properties

struct SCFWaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until something of services, instances or groups changes; tell what.",
        discussion: """
            Ends with the first transaction that changes or deletes a group, or deletes a service or \
            an instance, and tells its index; that something was made or refreshed is not told. Of an \
            instance, its own groups count, and of a service, its own and its instances'. To miss nothing \
            between two waits, give the second that index plus 1 by --from. Where the changes from \
            there on are not retained any more, that is told in their place. Exits with 1 where \
            --limit passes.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    @Option(
        help: ArgumentHelp(
            "Begin with the transaction at this index; without it, with the next.",
            valueName: "index"))
    var from: UInt64?

    @Option(help: ArgumentHelp("How long to wait; for ever without it.", valueName: "seconds"))
    var limit: Double?

    @Argument(
        help: "As elsewhere a service or an instance; /:properties/GROUP behind it for a group.")
    var names: [String]

    func validate() throws {
        guard limit.map({ $0 > 0 && $0 <= 1e9 }) ?? true else {
            throw ValidationError("--limit must be over 0 and at most 1000000000 seconds.")
        }
    }

    func run() async throws {
        let limit = self.limit.map { Duration.milliseconds(max(1, Int64($0 * 1_000))) }
        let (start, found) = try await cluster.withClient { client in
            let repository = ClusterRepository(client: client)
            do throws(RepositoryFailure) {
                // What happens while the names are looked up ends the wait.
                let start: UInt64
                if let from {
                    start = from
                } else {
                    start = try await repository.appliedIndex() + 1
                }
                var paths: [PropertyPath] = []
                for name in names {
                    paths.append(try await repository.waitedFor(name, isPast: from != nil))
                }
                let found = try await repository.wait(
                    GroupWaiting(for: paths), from: start, limit: limit)
                return (start, found)
            } catch {
                throw error.command
            }
        }
        guard let found else {
            throw CommandFailure(.negative, "nothing has changed from index \(start) on")
        }
        try cluster.show(found.document, text: found.text)
    }
}

extension ClusterRepository {
    /// As `GroupWaiting` waits.
    func wait(
        _ waiting: GroupWaiting, from start: UInt64, limit: Duration? = nil
    ) async throws(RepositoryFailure) -> GroupWaiting.Found? {
        do throws(LockstepError) {
            return try await waiting.first(client, from: start, limit: limit)
        } catch {
            throw RepositoryFailure(error)
        }
    }
}

extension GroupWaiting.Found {
    fileprivate var text: String {
        events.map { event in
            switch event {
            case .changed(let path): "changed \(path) at index \(index)\n"
            case .deleted(let path): "deleted \(path) at index \(index)\n"
            case .everything:
                "what happened up to index \(index) is not retained; read everything anew\n"
            }
        }.joined()
    }

    fileprivate var document: JSONValue {
        [
            "index": .number(index),
            "events": .array(
                events.map { event in
                    switch event {
                    case .changed(let path):
                        ["event": "changed", "path": .string(path.description)]
                    case .deleted(let path):
                        ["event": "deleted", "path": .string(path.description)]
                    case .everything:
                        ["event": "everything", "path": .null]
                    }
                }),
        ]
    }
}
