import Configuration
import IOCore
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

    @Test func `what is no text is refused`() {
        let failure = #expect(throws: ConfigurationFailure.self) {
            try reader.load(file: "/proc/self/exe", environment: [:], flags: [(.data, "/d")])
        }
        #expect(failure?.problems.map(\.origin) == [.flag("--configuration")])
    }
}
