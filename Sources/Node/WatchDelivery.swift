import Identifiers
import KeyValue
import Replication
import Transactions
import Wire

/// One running watch: reads pages of the feed while the client has credit, and sends them in order.
final class WatchDelivery {
    private let request: WatchRequest
    private unowned let service: ClientService
    private let credit: () -> Int
    private let deliver: (Response) -> Void
    /// The next index to look at; nil until it has started.
    private var next: LogIndex?
    private var isReading = false
    private var isStopped = false

    init(
        request: WatchRequest, service: ClientService, credit: @escaping () -> Int,
        deliver: @escaping (Response) -> Void
    ) {
        self.request = request
        self.service = service
        self.credit = credit
        self.deliver = deliver
    }

    func start() {
        guard service.status().role != .removed else {
            deliver(.watchEnded(.followerLost("this node has been removed from the cluster")))
            return
        }
        let first: LogIndex =
            switch request.start {
            case .now: service.replica.appliedPosition.index.next
            case .from(let index): max(index, LogIndex(1))
            }
        next = first
        deliver(.watchStarted(first: first))
        proceed()
    }

    func stop() {
        isStopped = true
    }

    /// Reads on, if there is credit and something to read.
    func proceed() {
        guard !isStopped, !isReading, let next, credit() > 0,
            next <= service.replica.appliedPosition.index
        else { return }
        isReading = true
        let reader = service.feed
        service.replica.query(.local) { engine throws(EngineFailure) in
            let pinned = try engine.pin()
            defer { pinned.close() }
            return try reader.page(from: next, in: pinned)
        } done: { [weak self] result in
            self?.pageRead(result)
        }
    }

    private func pageRead(_ result: Result<FeedReader.Page, RequestRefusal>) {
        isReading = false
        guard !isStopped, let from = next else { return }
        switch result {
        case .failure(let refusal):
            deliver(.watchEnded(.followerLost("\(refusal)")))
        case .success(let page):
            guard from >= page.firstRetained else {
                deliver(.watchEnded(.retentionPassed(firstRetained: page.firstRetained)))
                return
            }
            send(page, from: from)
        }
    }

    private func send(_ page: FeedReader.Page, from: LogIndex) {
        var sets: [[UInt8]] = []
        var through = page.through
        let available = credit()
        var bytes = 0
        for set in page.changeSets {
            guard let wanted = request.filtered(set) else { continue }
            let encoded = wanted.encoded()
            guard sets.count < available, sets.isEmpty || bytes + encoded.count <= 1 << 20 else {
                through = set.index.previous
                break
            }
            bytes += encoded.count
            sets.append(encoded)
        }
        guard through >= from else { return }
        next = through.next
        if !sets.isEmpty {
            deliver(.changeSets(through: through, sets))
        }
        proceed()
    }
}
