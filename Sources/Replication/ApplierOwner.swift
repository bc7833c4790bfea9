import IOCore

/// The applier, which the apply worker or the loop uses, never both at a time.
///
/// Lives on the loop, which uses the applier itself only while no job is under way: a job has ended
/// when its `done` is posted, and what it did is seen from there on.
final class ApplierOwner {
    private let applier: WorkerBound<Applier>
    private let worker: any Worker
    private let loop: any EventLoop
    private var jobsUnderWay = 0

    init(_ applier: Applier, worker: any Worker, loop: any EventLoop) {
        self.applier = WorkerBound(applier)
        self.worker = worker
        self.loop = loop
    }

    /// Runs `job` on the worker and `done` with its result on the loop.
    func perform<Result: Sendable>(
        _ job: @escaping @Sendable (Applier) -> Result,
        done: @escaping (Result) -> Void
    ) {
        jobsUnderWay += 1
        let applier = applier
        let loop = loop
        let back = LoopBound((self, done), to: loop)
        worker.submit {
            let result = job(applier.value)
            loop.post {
                let (owner, done) = back.value
                owner.jobsUnderWay -= 1
                done(result)
            }
        }
    }

    /// Runs `job` at once on the loop; nil, and nothing done, while the worker is at work.
    func performHere<Result>(_ job: (Applier) -> Result) -> Result? {
        precondition(loop.isCurrent, "an applier is used beside its worker and its loop")
        guard jobsUnderWay == 0 else { return nil }
        return job(applier.value)
    }
}
