import Codec
import Compression
import IOCore
import Identifiers
import Testing
import WAL

@Suite struct FormatTests {
    static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// The bytes of a segment with a vote and a frame: a change here is a change of format, and
    /// needs a new version number.
    @Test func `a segment has the bytes that the format says`() throws {
        let fixture = try LogFixture()
        try fixture.log.write(.init(voting: .init(term: Term(7), vote: NodeID(2)), records: []))
        let frame = fixture.sealer.seal(
            kind: .entries, term: Term(7), firstIndex: LogIndex(1), count: 2,
            raw: Array("lockstep!".utf8), previous: .empty)
        try fixture.log.write(.init(voting: fixture.log.voting, records: [.frame(frame)]))
        let bytes = fixture.disk.contents(of: LogFixture.path(1))
        #expect(bytes.count == 4_096)
        #expect(bytes[0..<128] == bytes[512..<640])
        #expect(bytes[128..<512].allSatisfy { $0 == 0 })
        #expect(Self.hexadecimal(bytes[0..<128]) == Self.header)
        #expect(Self.hexadecimal(bytes[1_024..<1_072]) == Self.vote)
        #expect(Self.hexadecimal(bytes[1_072..<1_120]) == Self.envelope)
        #expect(Self.hexadecimal(bytes[1_120..<1_208]) == Self.frame)
        #expect(bytes[1_208...].allSatisfy { $0 == 0 })
    }

    static let header =
        "4c6b7374705365670100000001000000887766554433221100ffeeddccbbaa99"
        + "0300000000000000efbefeca0df0edfe0100000000000000ec07fd3e0d418e82"
        + "0100000000000000000000000000000000000000000000000000000000000000"
        + "0000000000000000000000000000000000000000000000000010000043bebf61"
    static let vote =
        "4c6b47720289364e010000000000000007000000000000000200000000000000"
        + "00000000000000000000000000000000"
    static let envelope =
        "4c6b4772c5098bbc020000000000000007000000000000000200000000000000"
        + "0000000000000000580000001b9edf4d"
    static let frame =
        "010000008d4d7cb3070000000000000001000000000000000200000009000000"
        + "09000000f2d7511c000000000000000000000000000000005a6fbe480d9abd44"
        + "46e2aeb11f3e6fc96c6f636b737465702100000000000000"

    @Test func `a later format version is refused by name`() throws {
        let fixture = try LogFixture()
        fixture.disk.tamper(with: LogFixture.path(1)) { bytes in
            bytes[8] = 2
            bytes[520] = 2
        }
        #expect {
            try fixture.reopen()
        } throws: { error in
            "\(error)"
                == "\(LogFixture.path(1)) has format version 2, this program reads up to 1: "
                + "start the newer program again"
        }
    }

    @Test func `the log of another node is refused by name`() throws {
        let fixture = try LogFixture()
        fixture.log.close()
        let other = WriteAheadLog.Identity(
            cluster: LogFixture.identity.cluster, node: NodeID(4), incarnation: Incarnation(9))
        #expect {
            _ = try WriteAheadLog.open(
                fileSystem: fixture.disk, directory: LogFixture.directory, identity: other,
                limits: fixture.limits, engineDurable: .zero)
        } throws: { error in
            "\(error)".hasPrefix("\(LogFixture.path(1)) belongs to node 3, incarnation ")
                && "\(error)".hasSuffix("check the node's data directory")
        }
    }

    @Test func `a rotten copy of a header is rewritten from the other`() throws {
        let fixture = try LogFixture()
        try fixture.append(1)
        let sound = fixture.disk.contents(of: LogFixture.path(1))
        for place in [3, 100, 515, 600] {
            fixture.disk.tamper(with: LogFixture.path(1)) { $0[place] ^= 0x40 }
            let look = try WriteAheadLog.open(
                fileSystem: fixture.disk.copy(), directory: LogFixture.directory,
                identity: LogFixture.identity, limits: fixture.limits, engineDurable: nil)
            look.log.close()
            #expect(
                look.recovery.rottenHeaders
                    == ["\(LogFixture.path(1)): one copy of its header is unreadable"])
            try fixture.reopen()
            #expect(
                fixture.recovery.rottenHeaders == [
                    "\(LogFixture.path(1)): one copy of its header was unreadable and has been "
                        + "rewritten"
                ])
            #expect(fixture.recovery.notes.isEmpty)
            #expect(fixture.disk.contents(of: LogFixture.path(1)) == sound)
        }
    }

    @Test func `a look does not judge a last group that is not whole`() throws {
        let fixture = try LogFixture()
        try fixture.append(1)
        try fixture.append(1)
        let end = SampleLog.endOfData(in: fixture.disk, segment: 1)
        fixture.disk.tamper(with: LogFixture.path(1)) { $0[end - 20] ^= 0x40 }
        let look = try WriteAheadLog.open(
            fileSystem: fixture.disk.copy(), directory: LogFixture.directory,
            identity: LogFixture.identity, limits: fixture.limits, engineDurable: nil)
        look.log.close()
        #expect(look.recovery.tornBytes > 0)
        #expect(look.recovery.notes.count == 1)
        #expect(
            look.recovery.notes.first?.hasSuffix(
                "is not whole: the next start cuts it off as an unfinished write, or takes it for "
                    + "damage where the store holds it") == true)
        // Of a store that does not hold it, the next start's verdict is known.
        let known = try WriteAheadLog.open(
            fileSystem: fixture.disk.copy(), directory: LogFixture.directory,
            identity: LogFixture.identity, limits: fixture.limits, engineDurable: LogIndex(1),
            isLook: true)
        known.log.close()
        #expect(known.recovery.damage.isEmpty)
        #expect(
            known.recovery.notes.first?.hasSuffix(
                "was never acknowledged: the next start cuts it off") == true)
        try fixture.reopen(engineDurable: LogIndex(2))
        #expect(fixture.recovery.tornBytes == 0)
        #expect(!fixture.recovery.damage.isEmpty)
    }

    @Test func `unknown files are left alone and named`() throws {
        let fixture = try LogFixture()
        let file = try fixture.disk.open(LogFixture.directory + "/notes.txt", .create)
        file.close()
        try fixture.reopen()
        #expect(
            fixture.recovery.notes
                == ["data/log/notes.txt is no file of the log, and was left alone"])
    }
}

@Suite struct DataDirectoryTests {
    @Test func `an identity is made once and read again`() throws {
        let disk = MemoryDisk()
        let first = try DataDirectory.open(fileSystem: disk, root: "data")
        #expect(first.identity == nil)
        try first.initialize(LogFixture.identity)
        #expect {
            try first.initialize(LogFixture.identity)
        } throws: { "\($0)".contains("exists already") }
        first.close()
        disk.crash()
        let second = try DataDirectory.open(fileSystem: disk, root: "data")
        #expect(second.identity == LogFixture.identity)
        #expect(second.layout.log == "data/log")
        #expect {
            _ = try DataDirectory.open(fileSystem: disk, root: "data")
        } throws: { "\($0)".contains("in use by another process") }
    }

    @Test func `every flipped byte of the identity is refused`() throws {
        let disk = MemoryDisk()
        try DataDirectory.open(fileSystem: disk, root: "data").initialize(LogFixture.identity)
        for place in 0..<52 {
            disk.tamper(with: "data/identity") { $0[place] ^= 1 }
            #expect {
                _ = try DataDirectory.open(fileSystem: disk, root: "data")
            } throws: { "\($0)".hasPrefix("data/identity ") }
            disk.tamper(with: "data/identity") { $0[place] ^= 1 }
        }
        disk.tamper(with: "data/identity") { $0.removeLast() }
        #expect(throws: WALFailure.self) { try DataDirectory.open(fileSystem: disk, root: "data") }
    }

    @Test func `a crash at any step of the making leaves all or nothing`() throws {
        var outcomes: Set<Bool> = []
        for step in 1...8 {
            let disk = MemoryDisk()
            let directory = try DataDirectory.open(fileSystem: disk, root: "data")
            disk.failChange(after: step)
            let made: Void? = try? directory.initialize(LogFixture.identity)
            disk.crash()
            let found = try DataDirectory.open(fileSystem: disk, root: "data").identity
            #expect(found == nil || found == LogFixture.identity)
            #expect(made == nil || found != nil)
            outcomes.insert(found != nil)
        }
        #expect(outcomes == [false, true])
    }

    @Test func `a new directory outlives a crash with its parents and its log`() throws {
        let disk = MemoryDisk()
        let root = "/srv/lockstep/data"
        let directory = try DataDirectory.open(fileSystem: disk, root: root)
        try directory.initialize(LogFixture.identity)
        let opened = try WriteAheadLog.open(
            fileSystem: disk, directory: directory.layout.log, identity: LogFixture.identity,
            limits: LogFixture.limits(), engineDurable: .zero)
        opened.log.close()
        disk.crash()
        for path in ["/srv", "/srv/lockstep", root, root + "/log", root + "/identity"] {
            #expect(try disk.exists(path), "\(path)")
        }
        #expect(try disk.list(root + "/log") == ["segment-00000000000000000001"])
    }

    @Test func `names above what may be read are left to who made them`() throws {
        let disk = MemoryDisk()
        disk.failChange(after: 1, .permission)
        try disk.syncNames(to: "/srv/data")
        #expect(disk.takeOperations() == ["syncDirectory", "syncDirectory"])
        disk.failChange(after: 1, .other)
        #expect(throws: FileFailure.self) { try disk.syncNames(to: "/srv/data") }
    }

    @Test func `a log without an identity is not taken for an empty directory`() throws {
        let disk = MemoryDisk()
        _ = try LogFixture(disk: disk)
        #expect {
            _ = try DataDirectory.open(fileSystem: disk, root: "data")
        } throws: { error in
            "\(error)".hasPrefix("data/identity is missing, but data/log is there")
        }
    }
}
