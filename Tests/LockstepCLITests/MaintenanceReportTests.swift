import JSON
import Lockstep
import LockstepCLI
import Testing

@Suite struct MaintenanceReportTests {
    private func round<Answer>(_ answers: [Answer?]) -> NodeRound<Answer> {
        var round = NodeRound<Answer>()
        for (place, answer) in answers.enumerated() {
            round.answers.append(
                (
                    Endpoint(host: "127.0.0.1", port: UInt16(place + 1)),
                    answer.map { .success($0) } ?? .failure(.init(.unavailable, "it is down"))
                ))
        }
        return round
    }

    private func found(_ problems: [String]) -> VerificationReport {
        VerificationReport(segments: 2, frames: 3, bytes: 4, problems: problems)
    }

    @Test func `a check tells of the other nodes where one is silent`() {
        let report = VerificationRound(round([found([]), nil, found([])]))
        #expect(
            report.text == """
                127.0.0.1:1: 3 frames, 2 segments, 4 B, 0 problems
                127.0.0.1:2: not checked
                127.0.0.1:3: 3 frames, 2 segments, 4 B, 0 problems

                """)
        #expect(
            report.failure == CommandFailure(.unavailable, "no check of 127.0.0.1:2: it is down"))
        #expect(
            report.document.text.contains(#"{"endpoint":"127.0.0.1:2","error":"it is down"}"#))
    }

    @Test func `damage counts for more than a silent node`() {
        let report = VerificationRound(round([nil, found(["bad"])]))
        #expect(report.failure == CommandFailure(.negative, "no check of 127.0.0.1:1: it is down"))
        #expect(report.text.contains("\n  bad\n"))
        #expect(VerificationRound(round([found(["bad"])])).failure == CommandFailure(.negative, ""))
        #expect(VerificationRound(round([found([])])).failure == nil)
    }

    @Test func `frames are shown node by node, with what a document has of them`() {
        let frame = LogFrameReport(
            firstIndex: 4, records: 3, term: 2, kind: "entries", storedBytes: 50, rawBytes: 200,
            digest: "0a")
        let log = LogFramesReport(node: 1, term: 2, firstIndex: 1, lastIndex: 6, frames: [frame])
        let report = LogFramesRound(round([log, nil]))
        #expect(
            report.text == """
                127.0.0.1:1: node 1, term 2, records 1 to 6
                FIRST  RECORDS  TERM  KIND     STORED    RAW  DIGEST
                    4        3     2  entries    50 B  200 B  0a

                127.0.0.1:2: no answer

                """)
        #expect(
            report.document.text.contains(
                #""node":1,"term":2,"first-index":1,"last-index":6,"frames":[{"first-index":4,"#
                    + #""records":3,"term":2,"kind":"entries","stored-bytes":50,"raw-bytes":200,"#
                    + #""digest":"0a"}]"#))
        #expect(
            report.failure == CommandFailure(.unavailable, "no frames of 127.0.0.1:2: it is down"))
    }

    @Test func `a snapshot tells of the other nodes where one is silent`() {
        let taken = SnapshotReport(
            appliedIndex: 9, firstRetainedIndex: 4, duration: .milliseconds(7))
        let report = SnapshotRound(round([nil, taken]))
        #expect(report.text.contains("127.0.0.1:1     none"), "\(report.text)")
        #expect(report.text.contains("127.0.0.1:2        9"), "\(report.text)")
        #expect(
            report.failure == CommandFailure(.unavailable, "no snapshot of 127.0.0.1:1: it is down")
        )
        #expect(SnapshotRound(round([taken])).failure == nil)
    }
}
