import Codec
import Identifiers
import KeyValue
import Properties
import PropertyStorage
import Stores
import Transactions

/// A property store on a view, with an executor round it.
struct PropertyBench {
    let store: PropertyStore
    var view = Overlay(over: MemoryEngine())
    private var executor: Executor
    private(set) var index = LogIndex(0)
    /// Of the last transaction.
    private(set) var changes: [Change] = []

    init(limits: Limits = .standard) {
        store = PropertyStore(limits: limits)
        executor = Executor(stores: StoreRegistry([store]), limits: limits)
    }

    /// Runs the operations as one transaction and returns their results.
    @discardableResult
    mutating func run(_ operations: PropertyOperation...) throws -> [[UInt8]] {
        try run(operations.map(\.step))
    }

    mutating func run(_ steps: [Step]) throws -> [[UInt8]] {
        index = index.next
        view.version = index
        let execution = try executor.execute(
            Transaction(steps: steps), index: index, timeMilliseconds: 1, in: &view)
        changes = execution.changeSet?.changes ?? []
        switch execution.outcome {
        case .committed(_, let results): return results
        case .aborted(_, let abort): throw abort
        }
    }

    /// The code with which the operations abort; nil where they commit.
    mutating func refusal(_ operations: PropertyOperation...) throws -> AbortCode? {
        do {
            _ = try run(operations.map(\.step))
            return nil
        } catch let abort as Abort {
            return abort.code
        }
    }

    /// The changes of the last transaction, a line each: `+`, `-` or `~`, then the key.
    var changeLines: [String] {
        changes.map { change in
            let sign = change.old == nil ? "+" : change.new == nil ? "-" : "~"
            return sign + change.key
        }
    }

    func group(_ path: String) throws -> PropertyGroup? {
        let query = PropertyQuery.group(try pathed(path))
        return try GroupReply(ask(query)).group
    }

    func list(
        _ children: PropertyChildren, _ page: PropertyQuery.Page = .init()
    ) throws -> PropertyListing {
        try PropertyListing(ask(.list(children, page: page)))
    }

    func ask(_ query: PropertyQuery) throws -> [UInt8] {
        do {
            return try store.read(kind: query.kind, body: query.body, from: view)
        } catch {
            throw Abort(step: nil, code: error.abortCode ?? .malformed, message: "\(error)")
        }
    }

    func rows() throws -> [[UInt8]: Row] {
        var rows: [[UInt8]: Row] = [:]
        try view.scan(KeyRange(prefix: []), reverse: false) { key, row in
            rows[key] = row
            return true
        }
        return rows
    }
}

/// The path that `text` writes.
func pathed(_ text: String) throws -> PropertyPath {
    guard let path = PropertyPath(text) else {
        throw Abort(step: nil, code: .invalidArgument, message: "\(text) is no path")
    }
    return path
}

/// The snapshot of that name of an instance.
func snapshotPathed(_ instance: String, _ name: String) throws -> SnapshotPath {
    guard let path = SnapshotPath(try pathed(instance), name) else {
        throw Abort(
            step: nil, code: .invalidArgument, message: "\(name) is no snapshot of \(instance)")
    }
    return path
}

/// The content that the strings write.
func content(_ type: PropertyType, _ strings: String...) throws -> PropertyContent {
    guard let content = PropertyContent(type: type, strings: strings) else {
        throw Abort(step: nil, code: .invalidArgument, message: "\(strings) are no \(type)")
    }
    return content
}

extension StoreFailure {
    /// The code of an abort; nil where the engine failed.
    var abortCode: AbortCode? {
        switch self {
        case .abort(let code, _): code
        case .engine: nil
        }
    }

    var isAbort: Bool {
        abortCode != nil
    }
}
