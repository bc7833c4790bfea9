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
    /// Jobs for the worker that wait until the loop lets go of the applier; nil unless it holds it.
    private var heldBack: [() -> Void]?

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
        guard heldBack == nil else {
            heldBack?.append { [self] in perform(job, done: done) }
            return
        }
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

    /// Runs `job` at once on the loop, which holds the applier from then on until it lets go of it;
    /// nil, and nothing done, while the worker is at work.
    func take<Result>(_ job: (Applier) -> Result) -> Result? {
        precondition(loop.isCurrent, "an applier is used beside its worker and its loop")
        guard jobsUnderWay == 0, heldBack == nil else { return nil }
        heldBack = []
        return job(applier.value)
    }

    /// Runs `job` on the loop, which holds the applier.
    func use<Result>(_ job: (Applier) -> Result) -> Result {
        precondition(loop.isCurrent && heldBack != nil, "an applier is used that is not held")
        return job(applier.value)
    }

    /// Ends what `take` began.
    func letGo() {
        let jobs = heldBack ?? []
        heldBack = nil
        jobs.forEach { $0() }
    }

    /// Ends what `take` began, and leaves the rest of it to the worker, before all that was held back.
    func handOver<Result: Sendable>(
        _ job: @escaping @Sendable (Applier) -> Result, done: @escaping (Result) -> Void
    ) {
        let jobs = heldBack ?? []
        heldBack = nil
        perform(job, done: done)
        jobs.forEach { $0() }
    }
}
