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

    /// What is in the file after each append, beside a model of it, through other writes and other files.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `appends leave what was there, and nothing but zeroes behind them`(seed: UInt64) throws {
        try withDirectory { files, directory in
            let size = 1 << 20
            let path = "\(directory)/log"
            var file = try files.open(path, .create)
            try file.write([[UInt8](repeating: 9, count: size)], at: 0)
            var model = [UInt8](repeating: 9, count: size)
            var state = seed
            func random(_ bound: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % bound
            }
            var end = random(5_000)
            for step in 0..<120 {
                let lengths = (0...random(4)).map { _ in random([9, 700, 5_000][random(3)]) }
                let buffers = lengths.map { [UInt8](repeating: UInt8(step), count: $0) }
                try file.append(buffers, at: end)
                let bytes = Array(buffers.joined())
                model.replaceSubrange(end..<(end + bytes.count), with: bytes)
                end += bytes.count
                // What an append can reach, and a block before and behind it.
                let from = max(end - bytes.count - 8_192, 0)
                let present = try file.read(at: from, count: end + 8_192 - from)
                #expect(present[..<(end - from)] == model[from..<end])
                let block = (end + 4_095) / 4_096 * 4_096
                #expect(present[(end - from)..<(block - from)].allSatisfy { $0 == 0 || $0 == 9 })
                #expect(present[(block - from)...].allSatisfy { $0 == 9 })
                switch random(12) {
                case 0:
                    let place = random(end)
                    try file.write([[77]], at: place)
                    model[place] = 77
                case 1:
                    file.close()
                    file = try files.open(path, .readWrite)
                case 2: file.endAppending()
                case 3:
                    let gap = random(5_000)
                    let old = try file.read(at: end, count: gap)
                    model.replaceSubrange(end..<(end + gap), with: old)
                    end += gap
                default: break
                }
            }
            let present = try file.read(at: 0, count: size)
            #expect(present[..<end] == model[..<end])
            #expect(present[((end + 4_095) / 4_096 * 4_096)...].allSatisfy { $0 == 9 })
            file.close()
        }
    }

    /// Where a test's files are on a file system that is known to keep what such writes promise.
    private static let isDirect: Bool = {
        let mounts = try? PosixFileSystem().readStream("/proc/self/mounts", limitBytes: 1 << 20)
        let lines = String(decoding: mounts ?? [], as: UTF8.self).split(separator: "\n")
        let fields = lines.map { $0.split(separator: " ") }.filter { $0.count > 2 }
        let present = fields.last { $0[1] == "/tmp" } ?? fields.last { $0[1] == "/" }
        return ["ext4", "xfs", "btrfs", "f2fs"].contains(present?[2])
    }()

    @Test(.enabled(if: isDirect))
    func `appends within the file go past the page cache, and long ones do not`() throws {
        try withDirectory { files, directory in
            let opened = try files.open("\(directory)/log", .create)
            defer { opened.close() }
            let file = try #require(opened as? PosixFile)
            try file.append([[1]], at: 0)
            #expect(file.directAppends == 0)
            try file.preallocate(1 << 20)
            for place in 0..<10 { try file.append([[2], [3]], at: 1 + 2 * place) }
            #expect(file.directAppends == 10)
            try file.append([[UInt8](repeating: 4, count: 300 << 10)], at: 21)
            #expect(file.directAppends == 10)
            try file.append([[5]], at: 21 + 300 << 10)
            #expect(file.directAppends == 11)
        }
    }

    @Test func `an append makes the file no longer than its bytes, however many they are`() throws {
        try withDirectory { files, directory in
            let file = try files.open("\(directory)/log", .create)
            defer { file.close() }
            try file.append([[1, 2, 3]], at: 10)
            #expect(try file.size() == 13)
            try file.append([[4]], at: 13)
            #expect(try file.read(at: 9, count: 9) == [0, 1, 2, 3, 4])
            try file.preallocate(2 << 20)
            let large = [UInt8](repeating: 5, count: 1 << 20)
            try file.append([large, [6]], at: 14)
            try file.append([[7]], at: 15 + large.count)
            #expect(try file.size() == 2 << 20)
            #expect(try file.read(at: 14, count: large.count) == large)
            #expect(try file.read(at: 13 + large.count, count: 4) == [5, 6, 7, 0])
            try file.append([[8]], at: (2 << 20) - 1)
            #expect(try file.size() == 2 << 20)
            #expect(try file.read(at: (2 << 20) - 2, count: 2) == [0, 8])
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
