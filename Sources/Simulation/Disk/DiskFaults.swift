/// What is wrong with one simulated disk at present.
package struct DiskFaults: Sendable {
    /// Bytes that files may still grow by; nil for any number.
    package var freeBytes: UInt64?
    /// Writes fail from the next one on.
    package var failsWrites = false
    /// Syncs fail from the next one on.
    package var failsSyncs = false
    /// Reads fail from the next one on.
    package var failsReads = false
    /// Syncs do nothing and say that all is well.
    package var liesAboutSyncs = false

    package init() {}
}

/// How a crash tears what was written and not synced.
package enum Tearing: Sendable {
    /// Each sector of 512 bytes is there or not.
    case sectors
    /// Each write is there up to some byte of it.
    case bytes
    /// Nothing that was not synced is there.
    case none
}
