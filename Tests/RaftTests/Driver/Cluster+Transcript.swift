import Identifiers
import Raft

extension Cluster {
    /// One message as a person reads it.
    func describe(_ message: Message) -> String {
        let body =
            switch message.body {
            case .voteRequest(let request):
                "\(request.isPreVote ? "pre-vote?" : "vote?") last \(request.last)"
            case .voteResponse(let response):
                "\(response.isPreVote ? "pre-vote" : "vote") \(response.granted ? "yes" : "no")"
            case .appendRequest(let request): describe(request)
            case .appendResponse(let response):
                describe(response.result)
            case .snapshotRequest(let request):
                "snapshot \(request.snapshot) chunk \(request.chunk)"
            case .snapshotResponse(let response):
                switch response.result {
                case .wants(let chunk): "wants \(response.snapshot) chunk \(chunk)"
                case .installed(let index): "installed \(index)"
                }
            case .snapshotNeeded: "snapshot needed"
            case .timeoutNow: "campaign now"
            case .readIndexRequest(let nonce): "read? \(nonce)"
            case .readIndexResponse(let nonce, let index):
                "read \(nonce) \(index.map { "\($0)" } ?? "unknown")"
            }
        return "t\(message.term) \(body)"
    }

    private func describe(_ request: Message.AppendRequest) -> String {
        let head = "\(request.previous)"
        guard let last = request.frames.last else {
            return "heartbeat \(head) commit \(request.commit)"
        }
        let members = last.membership.map { " " + describe($0) } ?? ""
        return "append \(head) +\(request.frames.count)\(members) commit \(request.commit)"
    }

    private func describe(_ membership: Membership) -> String {
        let sets = [
            ("voters", membership.voters), ("outgoing", membership.outgoing),
            ("learners", membership.learners),
        ]
        return sets.filter { !$1.isEmpty }
            .map { $0 + " " + $1.map { "\($0)" }.joined(separator: " ") }
            .joined(separator: " ")
    }

    private func describe(_ result: Message.AppendResponse.Result) -> String {
        switch result {
        case .matched(let index): "matched \(index)"
        case .rejected(let previous, let hint, let last):
            "rejected \(previous) hint \(hint) last \(last)"
        }
    }
}
