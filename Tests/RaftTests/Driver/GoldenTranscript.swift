import Foundation
import Testing

/// Transcripts that a person has read, kept in `Tests/Fixtures/raft`, one file each.
///
/// `LOCKSTEP_WRITE_TRANSCRIPTS=1 swift test --filter TranscriptTests` writes anew those that have
/// changed, and fails for each: whether the algorithm should do what the difference tells is for a
/// reader to judge, and the next run, without the variable, for the test.
enum GoldenTranscript {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Fixtures/raft").standardized

    /// The names of the transcripts that are kept.
    static func names() throws -> Set<String> {
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path())
        return Set(files.map { $0.replacing(".txt", with: "") })
    }

    /// Holds `lines` against the transcript of this name.
    static func compare(_ lines: [String], with name: String) throws {
        let place = folder.appending(path: name + ".txt")
        let text = lines.joined(separator: "\n") + "\n"
        let kept = (try? String(contentsOf: place, encoding: .utf8)) ?? ""
        guard text != kept else { return }
        if ProcessInfo.processInfo.environment["LOCKSTEP_WRITE_TRANSCRIPTS"] != nil {
            try text.write(to: place, atomically: false, encoding: .utf8)
            Issue.record("\(name) is written anew: read what has changed")
            return
        }
        let expected = kept.split(separator: "\n", omittingEmptySubsequences: false)
        let found = text.split(separator: "\n", omittingEmptySubsequences: false)
        let same = zip(expected, found).prefix { $0 == $1 }.count
        Issue.record(
            """
            \(name), line \(same + 1): "\(same < found.count ? found[same] : "the end")" \
            where "\(same < expected.count ? expected[same] : "the end")" is kept
            """)
    }
}
