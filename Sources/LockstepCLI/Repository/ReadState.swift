import Identifiers
import Properties
import PropertyStorage
import Stores
import Transactions

/// What a decision was made of: the transaction that follows demands that it still is so.
struct ReadState {
    /// Versions by key without the store's byte; nil: there is no such row.
    private var versions: [[UInt8]: LogIndex?] = [:]
    private var ranges: [Expectation] = []

    /// Notes a service or an instance; without `id`, that there is none.
    mutating func note(_ owner: PropertyPath, id: EntityID?) {
        versions[Self.key(PropertyKeys.key(owner))] = .some(id?.index)
    }

    /// Notes a group, or that there is none.
    mutating func note(_ path: PropertyPath, _ group: PropertyGroup?) {
        versions[Self.key(PropertyKeys.key(path))] = .some(group?.header.version.index)
    }

    /// Notes what a snapshot's name stands for, or that there is none.
    mutating func note(_ path: SnapshotPath, _ found: SnapshotReply.Found?) {
        versions[Self.key(PropertyKeys.snapshotKey(path))] = .some(found?.version)
    }

    /// Notes that these are all groups of an owner.
    ///
    /// Those that are not persistent may change, for services write their states into such.
    mutating func noteAll(of owner: PropertyPath, _ groups: [String: PropertyGroup]) {
        var lower = Self.key(PropertyKeys.groupsPrefix(owner))
        let end = Self.upperBound(ofPrefix: lower)
        var rows: [(key: [UInt8], version: LogIndex)] = []
        let all = groups.map { name, group in
            (key: Self.key(PropertyKeys.key(owner.appending(group: name))), group.header)
        }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for (key, header) in all {
            if header.isPersistent {
                rows.append((key, header.version.index))
            } else {
                noteRange(from: lower, to: key, rows)
                rows = []
                lower = key + [0]
            }
        }
        noteRange(from: lower, to: end, rows)
    }

    private mutating func noteRange(
        from lower: [UInt8], to upper: [UInt8], _ rows: [(key: [UInt8], version: LogIndex)]
    ) {
        ranges.append(
            .rangeDigest(
                store: .properties, lower: lower, upper: upper, digest: RangeDigest.of(rows)))
    }

    /// All that was noted, in the order of the keys.
    var expectations: [Expectation] {
        versions.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, version in
            guard let version else { return .keyAbsent(store: .properties, key: key) }
            return .keyAtVersion(store: .properties, key: key, version: version)
        } + ranges
    }

    /// An expectation's key has not the store's own byte in front.
    private static func key(_ key: [UInt8]) -> [UInt8] {
        Array(key.dropFirst())
    }

    /// The first key behind all that begin with `prefix`, which begins with a byte under FF.
    private static func upperBound(ofPrefix prefix: [UInt8]) -> [UInt8] {
        var bound = prefix
        while bound.last == 0xFF { bound.removeLast() }
        guard let last = bound.popLast() else {
            preconditionFailure("no key is behind all that begin with \(prefix)")
        }
        return bound + [last + 1]
    }
}
