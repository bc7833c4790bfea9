import Glibc

/// Data directories that are emptied or run full.
extension TestCluster {
    /// Large enough for a log, its spare segments and a store; a run of minutes does not fill it.
    private static let smallDiskBytes = 1_500 << 20

    private func ballast(_ node: Int) -> String {
        "\(dataFolder(node))/ballast"
    }

    /// Empties the data directory of a node that does not run.
    func wipe(_ node: Int) async throws(TortureFailure) {
        precondition(!isRunning(node), "node \(node) runs on a directory that is wiped")
        try await Tool.run(
            "/usr/bin/find", [dataFolder(node), "-mindepth", "1", "-delete"], in: plan.folder)
        Files.empty(journal(node))
    }

    /// Gives a node a file system in memory, which ends with this process's mounts.
    func mountSmallDisk(_ node: Int) async throws(TortureFailure) {
        try await Tool.run(
            "/bin/mount",
            ["-t", "tmpfs", "-o", "mode=700,size=\(Self.smallDiskBytes)", "lockstep"]
                + [dataFolder(node)], in: plan.folder)
    }

    /// Copies what is on it beside it, where it outlives the run, and lets go of it.
    ///
    /// An interrupted run is not kept waiting for the copy, which may have a gigabyte.
    func keepSmallDisk(_ node: Int) async {
        emptyDisk(node)
        if !Interruption.isRequested {
            _ = try? await Tool.run(
                "/bin/cp", ["-a", dataFolder(node), folder(node) + "/data.kept"], in: plan.folder)
        }
        _ = try? await Tool.run("/bin/umount", [dataFolder(node)], in: plan.folder)
    }

    /// Takes all room but a rest.
    func fillDisk(_ node: Int, leaving rest: Int) throws(TortureFailure) {
        let path = ballast(node)
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw TortureFailure("cannot make \(path): \(Files.words(errno))")
        }
        defer { close(descriptor) }
        var code = ENOSPC
        // The node may take some of the room between the look and the leap.
        for _ in 0..<20 where code == ENOSPC {
            var status = statvfs()
            guard unsafe fstatvfs(descriptor, &status) == 0 else {
                throw TortureFailure("cannot look at \(path): \(Files.words(errno))")
            }
            let free = Int(status.f_bavail) * Int(status.f_frsize)
            guard free > rest else { return }
            code = posix_fallocate(descriptor, 0, off_t(free - rest))
        }
        guard code == 0 else { throw TortureFailure("cannot fill \(path): \(Files.words(code))") }
    }

    func emptyDisk(_ node: Int) {
        unsafe unlink(ballast(node))
    }
}
