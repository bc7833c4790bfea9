import Glibc
import IOCore
import IOPosix
import Testing

struct PosixFileSystemTests {
    /// The kind of failure that `body` ends with; nil where it succeeds.
    private func kind(_ body: () throws(FileFailure) -> Void) -> FileFailure.Kind? {
        do throws(FileFailure) {
            try body()
            return nil
        } catch {
            return error.kind
        }
    }

    @Test func `opening tells absent from present`() throws {
        try withDirectory { files, directory in
            let path = "\(directory)/log"
            #expect(
                kind { () throws(FileFailure) in _ = try files.open(path, .readOnly) } == .notFound)
            #expect(
                kind { () throws(FileFailure) in _ = try files.open(path, .readWrite) } == .notFound
            )
            try files.open(path, .create).close()
            #expect(kind { () throws(FileFailure) in _ = try files.open(path, .create) } == .exists)
            #expect(kind { () throws(FileFailure) in _ = try files.open(path, .readWrite) } == nil)
        }
    }

    @Test func `a pipe is read to its end, and no more than is wanted`() throws {
        let files = PosixFileSystem()
        var ends: [Int32] = [0, 0]
        try #require(unsafe pipe(&ends) == 0)
        defer { close(ends[0]) }
        #expect(unsafe write(ends[1], [1, 2, 3] as [UInt8], 3) == 3)
        close(ends[1])
        let path = "/dev/fd/\(ends[0])"
        #expect(try files.readStream(path, limitBytes: 3) == [1, 2, 3])
        try withDirectory { files, directory in
            let path = "\(directory)/log"
            let file = try files.open(path, .create)
            try file.write([[4, 5]], at: 0)
            file.close()
            #expect(try files.readStream(path, limitBytes: 2) == [4, 5])
            #expect(
                kind { () throws(FileFailure) in _ = try files.readStream(path, limitBytes: 1) }
                    == .other)
        }
    }

    @Test func `a pipe is not opened, nor waited for, and no directory is`() throws {
        try withDirectory { files, directory in
            let path = "\(directory)/pipe"
            try #require(unsafe mkfifo(path, 0o600) == 0)
            for (path, mode, found) in [
                (path, OpenMode.readOnly, "a pipe"), (path, .readWrite, "a pipe"),
                (directory, .readOnly, "a directory"),
            ] {
                #expect {
                    _ = try files.open(path, mode)
                } throws: {
                    "\($0)" == "open \(path): is \(found), not a file"
                }
            }
        }
    }

    @Test func `names are listed in order, without the two of every directory`() throws {
        try withDirectory { files, directory in
            for name in ["b", "a", ".c", String(repeating: "n", count: 255)] {
                try files.open("\(directory)/\(name)", .create).close()
            }
            let names = try files.list(directory)
            #expect(names == [".c", "a", "b", String(repeating: "n", count: 255)])
            #expect(
                kind { () throws(FileFailure) in _ = try files.list("\(directory)/none") }
                    == .notFound)
        }
    }

    @Test func `directories are made with their parents, and again`() throws {
        try withDirectory { files, directory in
            let path = "\(directory)/one/two/three"
            #expect(try !files.exists(path))
            try files.makeDirectory(path)
            try files.makeDirectory(path + "/")
            #expect(try files.exists(path))
            try files.open("\(directory)/file", .create).close()
            #expect(
                kind { () throws(FileFailure) in try files.makeDirectory("\(directory)/file") }
                    == .exists)
            #expect(
                kind { () throws(FileFailure) in try files.makeDirectory("\(directory)/file/below")
                }
                    != nil)
        }
    }

    @Test func `a rename replaces its target`() throws {
        try withDirectory { files, directory in
            let source = try files.open("\(directory)/new", .create)
            try source.write([[1]], at: 0)
            source.close()
            try files.open("\(directory)/old", .create).close()
            try files.rename("\(directory)/new", to: "\(directory)/old")
            try files.syncDirectory(directory)
            #expect(try files.list(directory) == ["old"])
            let target = try files.open("\(directory)/old", .readOnly)
            #expect(try target.read(at: 0, count: 9) == [1])
            target.close()
            try files.remove("\(directory)/old")
            let failure = #expect(throws: FileFailure.self) {
                try files.remove("\(directory)/old")
            }
            #expect(
                failure?.description == "unlink \(directory)/old: No such file or directory")
        }
    }

    @Test func `a tree is removed without following its links`() throws {
        try withDirectory { files, directory in
            try files.makeDirectory("\(directory)/kept")
            try files.open("\(directory)/kept/file", .create).close()
            try files.makeDirectory("\(directory)/tree/branch")
            try files.open("\(directory)/tree/branch/leaf", .create).close()
            let linked = unsafe symlink("\(directory)/kept", "\(directory)/tree/link")
            #expect(linked == 0)
            try files.removeTree("\(directory)/tree")
            try files.removeTree("\(directory)/tree")
            #expect(try files.list(directory) == ["kept"])
            #expect(try files.list("\(directory)/kept") == ["file"])
        }
    }

    @Test func `there is some space left, and a place that is none has no space`() throws {
        try withDirectory { files, directory in
            let free = try files.freeBytes(directory)
            #expect(free > 0)
            #expect(
                kind { () throws(FileFailure) in _ = try files.freeBytes("\(directory)/none") }
                    == .notFound)
        }
    }

    @Test func `a lock whose holder is dead is waited for, but not for long`() throws {
        try withDirectory { files, directory in
            let path = "\(directory)/lock"
            // As a child does that was forked and has not come to exec: no process has this number.
            let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            defer { close(descriptor) }
            #expect(unsafe write(descriptor, "99999999\n", 9) == 9)
            #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
            let start = ContinuousClock.now
            let failure = #expect(throws: FileFailure.self) { _ = try files.lock(path) }
            #expect(failure?.kind == .locked)
            #expect(ContinuousClock.now - start >= .seconds(2))
            let isTaken = Locked(false)
            let thread = JoinableThread(name: "taker") {
                let lock = try? files.lock(path)
                isTaken.withLock { $0 = lock != nil }
            }
            #expect(flock(descriptor, LOCK_UN) == 0)
            thread.join()
            #expect(isTaken.withLock { $0 })
        }
    }

    @Test func `a lock is held once, names its holder and goes with its value`() throws {
        try withDirectory { files, directory in
            let path = "\(directory)/lock"
            let lock = try files.lock(path)
            let failure = #expect(throws: FileFailure.self) { _ = try files.lock(path) }
            #expect(failure?.kind == .locked)
            #expect(
                failure?.description
                    == "lock \(path): it is held by process \(getpid()); stop that process first")
            withExtendedLifetime(lock) {}
        }
        try withDirectory { files, directory in
            for _ in 0..<3 { _ = try files.lock("\(directory)/lock") }
            #expect(
                kind { () throws(FileFailure) in _ = try files.lock("\(directory)/none/lock") }
                    == .notFound)
        }
    }
}
