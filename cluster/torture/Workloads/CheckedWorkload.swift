import Histories
import Lockstep

/// Clients that use a cluster in one way, take down what they see, and know what must hold of it.
protocol CheckedWorkload: Sendable {
    /// What it is called on the command line and in the history.
    var name: String { get }

    /// What it does and what its checkers demand, in a line for the help.
    var summary: String { get }

    /// The operations that it asks for; each must have been done once at least.
    var functions: [String] { get }

    /// Makes what must be there before the clients begin; no fault is in force.
    func setUp(_ setting: WorkloadSetting) async throws(TortureFailure)

    /// Runs all its clients until the deadline, or until an interruption.
    func run(_ setting: WorkloadSetting, until deadline: ContinuousClock.Instant) async

    /// Reads what is there in the end; all faults are over.
    func finish(_ setting: WorkloadSetting) async throws(TortureFailure)

    /// Looks at what the run has taken down of it.
    func check(_ history: History) -> [CheckReport]
}

/// What a workload is run with.
struct WorkloadSetting: Sendable {
    var endpoints: [Endpoint]
    var recorder: HistoryRecorder
    var seed: UInt64
    /// Clients of each workload.
    var clients = 4
    /// How long one call may take, with its retries.
    var timeout = Duration.seconds(5)
    /// How long the end of a run may wait for the cluster to come back.
    var patience = Duration.seconds(30)
    /// How fast the clients of all may be together; nil: as fast as they are answered.
    var pacer: Pacer?
    /// The folders of trigger programs, by the nodes that run them; empty: none.
    var programs: [Int: String] = [:]

    /// The numbers of a workload's clients in the history begin at this.
    func firstClient(of workload: some CheckedWorkload) -> Int {
        let place = Workloads.names.firstIndex(of: workload.name) ?? Workloads.names.count
        return place * 100
    }

    /// A connection that finds the leader quickly again.
    func connect(_ name: String) throws(TortureFailure) -> LockstepClient {
        var configuration = ClientConfiguration(endpoints: endpoints)
        configuration.name = name
        configuration.connectTimeout = .milliseconds(500)
        configuration.longestBackoff = .milliseconds(200)
        return try OpenClients.open(configuration)
    }

    /// Does something that must succeed before the patience ends.
    func must<Result: Sendable>(
        _ what: String, _ body: () async throws(LockstepError) -> Result
    ) async throws(TortureFailure) -> Result {
        let deadline = ContinuousClock.now + patience
        while true {
            do throws(LockstepError) {
                return try await body()
            } catch {
                guard ContinuousClock.now < deadline, !Interruption.isRequested else {
                    throw TortureFailure("\(what): \(error)")
                }
            }
            await pause(.milliseconds(100))
        }
    }
}

/// The workloads that there are.
enum Workloads {
    static let all: [any CheckedWorkload] = [
        RegisterWorkload(), CounterWorkload(), ListWorkload(), SetWorkload(), BankWorkload(),
        GroupWorkload(), WatchWorkload(), TriggerWorkload(), SessionWorkload(),
    ]

    static let names = all.map(\.name)

    /// Those with the names of a list with commas, all for `all`, or none for `none`.
    ///
    /// Throws for a name that is none, with those that there are, and for one that is there twice.
    static func named(_ list: String) throws(TortureFailure) -> [any CheckedWorkload] {
        guard list != "all" else { return all }
        guard list != "none" else { return [] }
        var found: [any CheckedWorkload] = []
        for name in list.split(separator: ",") {
            guard let workload = all.first(where: { $0.name == name }) else {
                throw TortureFailure(
                    "there is no workload \(name); there are \(names.joined(separator: ", "))")
            }
            // Two of one would write the same values under the same numbers.
            guard !found.contains(where: { $0.name == workload.name }) else {
                throw TortureFailure("\(name) is there twice")
            }
            found.append(workload)
        }
        guard !found.isEmpty else { throw TortureFailure("the list has no name") }
        return found
    }
}
