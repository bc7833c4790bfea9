import JSON
import Lockstep
import LockstepCLI
import Testing

@Suite struct DigestReportTests {
    private func report(_ digests: [String?]) -> DigestReport {
        var round = NodeRound<String>()
        for (place, digest) in digests.enumerated() {
            let endpoint = Endpoint(host: "127.0.0.1", port: UInt16(place + 1))
            round.answers.append(
                (
                    endpoint,
                    digest.map { .success($0) } ?? .failure(.init(.unavailable, "it is down"))
                ))
        }
        return DigestReport(mark: StateDigest(index: 7, digest: "aa"), round: round)
    }

    @Test func `nodes that agree leave nothing to say`() {
        let report = report(["aa", "aa"])
        #expect(report.failure == nil)
        #expect(report.text.hasSuffix("all are equal\n"))
        #expect(report.document["complete"] == .boolean(true))
    }

    @Test func `a node that is down is named, and the others are shown`() {
        let report = report(["aa", nil])
        #expect(
            report.failure == CommandFailure(.unavailable, "no digest of 127.0.0.1:2: it is down"))
        #expect(report.text.contains("127.0.0.1:1      7  aa"), "\(report.text)")
        #expect(report.text.hasSuffix("those shown are equal\n"))
        #expect(report.document["equal"] == .boolean(true))
        #expect(report.document["complete"] == .boolean(false))
    }

    @Test func `a difference counts for more than a silent node`() {
        let report = report([nil, "bb"])
        #expect(report.failure?.exit == .negative)
        #expect(report.text.hasSuffix("THEY DIFFER\n"))
        #expect(report.document["equal"] == .boolean(false))
    }
}
