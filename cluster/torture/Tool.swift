/// Programs that are run to their end, and only for that.
enum Tool {
    /// The longest that one may take.
    static let patience = Duration.seconds(60)

    /// Runs a program and returns what it wrote, through a file in `folder`.
    ///
    /// Fails if the program did, or took too long.
    @discardableResult
    static func run(
        _ path: String, _ arguments: [String], in folder: String
    ) async throws(TortureFailure) -> String {
        try await run(path, arguments, log: folder + "/tool.log")
    }

    /// The same, through the file `output`.
    @discardableResult
    static func run(
        _ path: String, _ arguments: [String], log output: String
    ) async throws(TortureFailure) -> String {
        try Files.write("", to: output)
        let process = try ChildProcess(
            path, arguments, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], log: output)
        let deadline = ContinuousClock.now + patience
        while process.isRunning {
            guard ContinuousClock.now < deadline else {
                await process.end()
                break
            }
            do { try await Task.sleep(for: .milliseconds(2)) } catch { await process.end() }
        }
        let text = Files.read(output) ?? ""
        guard process.status == 0 else {
            throw TortureFailure(
                "\(path) \(arguments.joined(separator: " ")) failed, \(process.ending): \(text)")
        }
        return text
    }
}
