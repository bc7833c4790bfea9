import Configuration
import Foundation
import Identifiers
import IOPosix
import LockstepDaemon
import Testing

@Suite struct ConfigurationReaderTests {
    private let reader = ConfigurationReader(files: PosixFileSystem())

    @Test func `a file that is not there is told together with the other problems`() {
        let failure = #expect(throws: ConfigurationFailure.self) {
            try reader.load(
                file: "/nonexistent/lockstep.yaml", environment: ["LOCKSTEP_NODE": "0"],
                flags: [(.data, "/d")])
        }
        let lines = failure?.problems.map(\.description) ?? []
        #expect(lines.count == 2)
        #expect(
            lines.first?.hasPrefix("--configuration: open /nonexistent/lockstep.yaml: ") == true)
        #expect(lines.last?.hasPrefix("LOCKSTEP_NODE: node must be ") == true)
    }

    @Test func `the variable names the file where no flag does`() {
        let failure = #expect(throws: ConfigurationFailure.self) {
            try reader.load(
                file: nil, environment: ["LOCKSTEP_CONFIGURATION": "/nonexistent/x"],
                flags: [(.data, "/d")])
        }
        #expect(
            failure?.problems.map(\.origin) == [.environment("LOCKSTEP_CONFIGURATION")])
    }

    @Test(arguments: ["/nonexistent/programs", "/proc/self/exe"])
    func `a folder of trigger programs that is none is refused`(path: String) {
        let failure = #expect(throws: ConfigurationFailure.self) {
            try reader.load(
                file: nil, environment: ["LOCKSTEP_TRIGGERS_PROGRAMS": path],
                flags: [(.data, "/d")])
        }
        #expect(failure?.problems.map(\.origin) == [.environment("LOCKSTEP_TRIGGERS_PROGRAMS")])
        let text = failure?.problems.first?.message ?? ""
        #expect(
            text.hasPrefix("triggers.programs: the folder \(path) is not there, or is no folder"),
            "\(text)")
    }

    @Test func `a folder of trigger programs that is there is taken`() throws {
        let loaded = try reader.load(
            file: nil, environment: [:], flags: [(.data, "/d"), (.triggerPrograms, "/")])
        #expect(loaded.configuration.triggerPrograms == "/")
    }

    @Test func `what is no text, or too much of it, is refused`() throws {
        let binary = FileManager.default.temporaryDirectory.path + "/lockstep-\(UUID()).yaml"
        defer { try? FileManager.default.removeItem(atPath: binary) }
        try #require(
            FileManager.default.createFile(atPath: binary, contents: Data([0x61, 0x3A, 0xFF])))
        for (path, reason) in [
            (binary, "\(binary) is not UTF-8 text"),
            ("/dev/zero", "read /dev/zero: more than 1048576 bytes"),
        ] {
            let failure = #expect(throws: ConfigurationFailure.self) {
                try reader.load(file: path, environment: [:], flags: [(.data, "/d")])
            }
            #expect(failure?.problems.map(\.description) == ["--configuration: \(reason)"])
        }
    }

    @Test func `a configuration may come from a pipe`() throws {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: Data("node: 7\n".utf8))
        try pipe.fileHandleForWriting.close()
        let loaded = try withExtendedLifetime(pipe) {
            try reader.load(
                file: "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)", environment: [:],
                flags: [(.data, "/d")])
        }
        #expect(loaded.configuration.node == NodeID(7))
    }
}
