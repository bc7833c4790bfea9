import Foundation
import Testing

private let program = "/usr/bin/systemd-analyze"

/// The systemd unit, held against what systemd itself reads, where it is installed.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: program)))
struct UnitTests {
    /// What `systemd-analyze verify` says of the unit as `change` makes it, and whether it takes it.
    private func verify(
        _ change: (String) -> String
    ) throws -> (isAccepted: Bool, said: String) {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "unit-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // That the daemon is not installed is no mistake of the unit's.
        let unit = try Checkout().text(of: "cluster/lockstepd.service")
            .replacing("/usr/bin/lockstepd", with: "/bin/true")
        let place = folder.appending(path: "lockstepd.service")
        try change(unit).write(to: place, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = ["verify", "--man=no", place.path()]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus == 0, String(decoding: said, as: UTF8.self))
    }

    @Test func `systemd takes the unit without a word`() throws {
        let verdict = try verify { $0 }
        #expect(verdict.isAccepted)
        #expect(verdict.said.isEmpty)
    }

    @Test func `a setting that systemd does not know would be told`() throws {
        let verdict = try verify { $0.replacing("TimeoutStopSec", with: "TimeoutStopSecs") }
        #expect(verdict.said.contains("TimeoutStopSecs"))
    }
}
