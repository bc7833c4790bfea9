import Glibc
import IOCore
import IOPosix
import Testing

struct PosixFileTests {
    @Test func `gathered buffers land one behind the other and are read back`() throws {
        try withDirectory { files, directory in
            let file = try files.open("\(directory)/log", .create)
            defer { file.close() }
            try file.write([[1, 2], [], [3], [4, 5, 6]], at: 4)
            #expect(try file.size() == 10)
            #expect(try file.read(at: 0, count: 10) == [0, 0, 0, 0, 1, 2, 3, 4, 5, 6])
            #expect(try file.read(at: 6, count: 2) == [3, 4])
            try file.write([[9]], at: 5)
            #expect(try file.read(at: 4, count: 3) == [1, 9, 3])
            try file.write([], at: 100)
            try file.write([[], []], at: 100)
            #expect(try file.size() == 10)
        }
    }

    @Test func `more buffers than one call takes are written whole`() throws {
        try withDirectory { files, directory in
            let file = try files.open("\(directory)/log", .create)
            defer { file.close() }
            let buffers = (0..<3_000).map { [UInt8](repeating: UInt8($0 & 0xFF), count: $0 % 7) }
            try file.write(buffers, at: 1)
            let expected = Array(buffers.joined())
            #expect(try file.read(at: 1, count: expected.count) == expected)
            #expect(try file.size() == expected.count + 1)
        }
    }

    @Test func `a read ends with the file, however much is asked for`() throws {
        try withDirectory { files, directory in
            let file = try files.open("\(directory)/log", .create)
            defer { file.close() }
            try file.write([[1, 2, 3]], at: 0)
            #expect(try file.read(at: 1, count: 1 << 50) == [2, 3])
            #expect(try file.read(at: 3, count: 1) == [])
            #expect(try file.read(at: 1_000, count: 1) == [])
            #expect(try file.read(at: 0, count: 0) == [])
        }
    }

    @Test func `preallocation writes zeroes, keeps what is there and has blocks`() throws {
        try withDirectory { files, directory in
            let path = "\(directory)/log"
            let file = try files.open(path, .create)
            defer { file.close() }
            try file.write([[7, 7]], at: 0)
            let bytes = 3 << 20 | 5
            try file.preallocate(bytes)
            #expect(try file.size() == bytes)
            #expect(try file.read(at: 0, count: 4) == [7, 7, 0, 0])
            #expect(try file.read(at: bytes - 3, count: 9) == [0, 0, 0])
            var status = stat()
            #expect(unsafe stat(path, &status) == 0)
            #expect(Int(status.st_blocks) * 512 >= bytes)
            try file.preallocate(10)
            #expect(try file.size() == bytes)
            try file.truncate(to: 1)
            #expect(try file.read(at: 0, count: 4) == [7])
        }
    }

    @Test func `a full device is told as such`() throws {
        let file = try PosixFileSystem().open("/dev/full", .readWrite)
        defer { file.close() }
        let failure = #expect(throws: FileFailure.self) { try file.write([[1, 2, 3]], at: 0) }
        #expect(failure?.kind == .noSpace)
        #expect(failure?.description == "pwritev /dev/full: No space left on device")
        let second = #expect(throws: FileFailure.self) { try file.preallocate(4_096) }
        #expect(second?.kind == .noSpace)
    }

    @Test func `a write that a limit cuts short keeps its first part and says why`() async {
        await #expect(processExitsWith: .success) {
            try withDirectory { files, directory in
                let file = try files.open("\(directory)/log", .create)
                defer { file.close() }
                _ = signal(SIGXFSZ, SIG_IGN)
                var limit = rlimit(rlim_cur: 5_000, rlim_max: 5_000)
                _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
                let buffers = [[UInt8]](repeating: [UInt8](repeating: 3, count: 1_000), count: 9)
                do throws(FileFailure) {
                    try file.write(buffers, at: 0)
                    preconditionFailure("9,000 bytes fit into 5,000")
                } catch {
                    precondition(error.reason == "File too large", "\(error)")
                }
                let size = try file.size()
                precondition(size == 5_000, "\(size) bytes were written")
            }
        }
    }

    @Test func `using a closed file traps, closing it twice does not`() async throws {
        try withDirectory { files, directory in
            let file = try files.open("\(directory)/log", .create)
            file.close()
            file.close()
        }
        await #expect(processExitsWith: .failure) {
            try withDirectory { files, directory in
                let file = try files.open("\(directory)/log", .create)
                file.close()
                try file.sync()
            }
        }
    }
}
