import Codec
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
    /// Nil until it has started.
    private var progress: WatchProgress?
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
        guard !service.isRemoved() else {
            deliver(.watchEnded(.followerLost("this node has been removed from the cluster")))
            return
        }
        let first: LogIndex =
            switch request.start {
            case .now: service.replica.appliedPosition.index.next
            case .from(let index): max(index, LogIndex(1))
            }
        progress = WatchProgress(
            request, next: first, answerRecords: service.limits.watchBatchRecords,
            now: service.replica.now)
        deliver(.watchStarted(first: first))
        proceed()
    }

    func stop() {
        isStopped = true
    }

    /// Reads on, if there is credit and something to read.
    func proceed() {
        guard !isStopped, !isReading, let next = progress?.next, credit() > 0,
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
        guard !isStopped else { return }
        switch result {
        case .failure(let refusal):
            deliver(.watchEnded(.followerLost("\(refusal)")))
        case .success(let page):
            take(page)
        }
    }

    private func take(_ page: FeedReader.Page) {
        switch progress?.take(page, credit: credit(), now: service.replica.now) {
        case .deliver(let through, let sets):
            deliver(.changeSets(through: through, sets))
            proceed()
        case .proceed:
            proceed()
        case .lost(let firstRetained):
            deliver(.watchEnded(.retentionPassed(firstRetained: firstRetained)))
        case .wait, nil:
            break
        }
    }
}
