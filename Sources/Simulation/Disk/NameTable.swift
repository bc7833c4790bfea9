/// The names on a simulated disk: those that a process sees, and those that a crash leaves.
///
/// A change of names is on the disk once its directory has been synced. Before that a crash leaves, of
/// each directory's changes, those up to some one of them.
struct NameTable {
    typealias Content = SimulatedDisk.Content

    /// What is done to one name.
    private enum Change {
        case link(String, Content)
        case unlink(String)
        case makeDirectory(String)
        /// The name and all below it.
        case removeTree(String)
    }

    /// Changes that happen together or not at all, in one directory.
    private struct Step {
        let directory: String
        let changes: [Change]
    }

    /// Names with what they stand for.
    private struct Names {
        var files: [String: Content] = [:]
        var directories: Set<String> = []

        mutating func apply(_ changes: [Change]) {
            for change in changes {
                switch change {
                case .link(let path, let content):
                    files[path] = content
                case .unlink(let path):
                    files[path] = nil
                case .makeDirectory(let path):
                    directories.insert(path)
                case .removeTree(let path):
                    files = files.filter { $0.key != path && !$0.key.hasPrefix(path + "/") }
                    directories = directories.filter {
                        $0 != path && !$0.hasPrefix(path + "/")
                    }
                }
            }
        }
    }

    private var live = Names()
    private var durable = Names()
    /// What has been done since the directories were synced, in order.
    private var pending: [Step] = []

    var files: [String: Content] { live.files }
    var directories: Set<String> { live.directories }
    /// Whether a crash could lose a name.
    var isUnsynced: Bool { !pending.isEmpty }

    /// The directory that a path is in; "" for the root.
    static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    // MARK: Changes

    mutating func link(_ path: String, _ content: Content) {
        perform(Self.directory(of: path), [.link(path, content)])
    }

    mutating func unlink(_ path: String) {
        perform(Self.directory(of: path), [.unlink(path)])
    }

    /// Replaces `target` by `source`, in one step.
    mutating func rename(_ source: String, to target: String, _ content: Content) {
        perform(Self.directory(of: target), [.unlink(source), .link(target, content)])
    }

    /// Makes a directory and its missing parents.
    mutating func makeDirectory(_ path: String) {
        guard !path.isEmpty, !live.directories.contains(path) else { return }
        let parent = Self.directory(of: path)
        makeDirectory(parent)
        perform(parent, [.makeDirectory(path)])
    }

    mutating func removeTree(_ path: String) {
        perform(Self.directory(of: path), [.removeTree(path)])
    }

    private mutating func perform(_ directory: String, _ changes: [Change]) {
        live.apply(changes)
        pending.append(Step(directory: directory, changes: changes))
    }

    // MARK: What lasts

    /// The names in a directory are on the disk as they are.
    mutating func sync(_ directory: String) {
        let name = directory == "/" ? "" : directory
        for step in pending where step.directory == name { durable.apply(step.changes) }
        pending.removeAll { $0.directory == name }
    }

    /// All names are on the disk as they are.
    mutating func syncAll() {
        durable = live
        pending = []
    }

    /// Leaves what was synced, and of each directory's later changes as many as `kept` says of so
    /// many; whether any name was lost.
    @discardableResult
    mutating func crash(keeping kept: (Int) -> Int) -> Bool {
        var isLossy = false
        for directory in Set(pending.map(\.directory)).sorted() {
            let steps = pending.filter { $0.directory == directory }
            let count = kept(steps.count)
            if count < steps.count { isLossy = true }
            for step in steps.prefix(count) { durable.apply(step.changes) }
        }
        pending = []
        // What is in a directory that was never there is gone with it.
        for directory in live.directories.subtracting(durable.directories).sorted() {
            durable.apply([.removeTree(directory)])
        }
        live = durable
        return isLossy
    }
}
