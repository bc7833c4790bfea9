import ArgumentParser
import JSON
import Lockstep
import TextOutput

/// Follows what transactions change.
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show changes as they are committed, in order, each once.",
        discussion: """
            With --json, one object a line. Goes on over leader changes, however long they take; \
            --timeout bounds the time until a node takes the watch. An index that nothing is \
            committed at yet is waited for.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    @Option(
        help: ArgumentHelp(
            "Begin with the transaction at this index, if it is retained.", valueName: "index"))
    var from: UInt64?

    @Option(help: ArgumentHelp("Only keys that begin so; may be repeated.", valueName: "prefix"))
    var key: [String] = []

    @Option(
        help: "Only changes of this store; may be repeated.", transform: ArgumentReading.store)
    var store: [StoreKind] = []

    @Flag(help: "Show all aborted transactions too, whatever --store and --key say.")
    var aborted = false

    @Option(help: ArgumentHelp("End after so many transactions.", valueName: "number"))
    var count: Int?

    func validate() throws {
        if let count, count < 0 { throw ValidationError("--count must be 0 or more.") }
    }

    func run() async throws {
        try await cluster.withClient { client in
            let feed = try client.watch(
                from: from.map(WatchStart.index) ?? .now, stores: store, keyPrefixes: key,
                includesAborted: aborted)
            var left = count ?? Int.max
            guard left > 0 else { return }
            for try await set in feed {
                try Streams.write(cluster.json ? set.document.text + "\n" : text(set))
                left -= 1
                if left == 0 { return }
            }
        }
    }

    private func text(_ set: ChangeSet) -> String {
        var head = "index \(set.index)"
        for property in set.properties {
            let value = String(decoding: property.value, as: UTF8.self)
            head += " \(Table.visible(property.name))=\(Table.visible(value))"
        }
        if let abort = set.abort {
            head += " aborted (\(abort.code)): " + Table.visible("\(abort)")
        }
        return head + "\n" + set.table
    }
}
