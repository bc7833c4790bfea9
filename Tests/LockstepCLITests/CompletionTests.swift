import Foundation
import LockstepCLI
import Testing

/// Where Debian has the shell's program; nil where it is not installed (tools/setup --shells).
private func program(of shell: CompletingShell) -> String? {
    let path = "/usr/bin/\(shell.rawValue)"
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
}

@Suite struct CompletionTests {
    @Test(arguments: CompletingShell.allCases.filter { program(of: $0) != nil })
    func `a shell that is installed can read its script`(shell: CompletingShell) throws {
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("lockstep-\(UUID()).\(shell.rawValue)")
        try Data(shell.script.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(program(of: shell)))
        // Read and parse, execute nothing.
        process.arguments = ["-n", file.path]
        let complaints = Pipe()
        process.standardError = complaints
        try process.run()
        let said = complaints.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(String(decoding: said, as: UTF8.self))")
        #expect(said.isEmpty, "\(String(decoding: said, as: UTF8.self))")
    }

    @Test(arguments: CompletingShell.allCases)
    func `a script knows every command`(shell: CompletingShell) {
        let script = shell.script
        for command in ["status", "txn", "import", "watch", "trigger", "digest", "completion"] {
            #expect(script.contains(command), "\(shell) and \(command)")
        }
    }
}
