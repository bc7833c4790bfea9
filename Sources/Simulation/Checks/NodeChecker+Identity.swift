import WAL

/// Whose a data directory is, which a node must know before it uses anything of it.
extension NodeChecker {
    /// Whether the host's directory has an identity that can be read, or none yet.
    func hasSoundIdentity(_ host: SimulatedHost) -> Bool {
        let path = DataDirectoryLayout(root: SimulatedDisk.data).identityFile
        guard let bytes = host.disk.bytes(of: path) else { return true }
        guard !host.disk.hasLostSectors(path) else { return false }
        do throws(WALFailure) {
            return try DataDirectory.decode(bytes, file: path) == host.identity
        } catch {
            return false
        }
    }

    func opensIdentity(of host: SimulatedHost) {
        if hasSoundIdentity(host) {
            unknown.remove(host.number)
        } else {
            unknown.insert(host.number)
        }
    }

    /// A process has started: it must have been able to read its identity, and have read it as it is.
    func checkIdentity(of host: SimulatedHost) {
        let path = DataDirectoryLayout(root: SimulatedDisk.data).identityFile
        guard unknown.contains(host.number) || host.disk.misread.contains(path) else { return }
        violated(host, "has started with an identity that it cannot have read")
    }
}
