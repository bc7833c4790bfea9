import Codec
package import IOCore
package import Identifiers
package import KeyValue
package import Node
package import Replication
import WAL

/// One host of a simulated cluster: its disk outlives its process, and its name both.
package final class SimulatedHost: @unchecked Sendable {
    static let peerPort: UInt16 = 7_001
    static let clientPort: UInt16 = 7_002

    package let number: UInt64
    package private(set) var disk = SimulatedDisk()
    package private(set) var engines: MemoryEngineFactory
    private var countsOfLostDisks = DiskCounts()
    /// The name of the present data directory: another one for each.
    package private(set) var incarnation: UInt64
    /// Present while the process runs.
    package var process: SimulatedProcess?
    /// Why the last process ended, unless it was made to.
    package var failure: ReplicationFailure?
    /// Processes started so far.
    package var starts = 0
    /// Whether it begins with the membership of the founders; not where it was added later.
    var founds = true
    /// After so many more of its doings the process ends in the middle of what it does.
    package var doingsToCrash: Int?
    /// How many of the engine's unflushed batches a crash leaves; nil for luck to decide.
    package var batchesKept: Int?
    /// Clock settings that outlive a process.
    var clockRatePerMille: UInt64 = 1_000
    var wallOffsetMilliseconds: Int64 = 0
    var slowness: UInt64 = 1
    /// Which of its trigger programs fail, whichever of its processes runs them.
    package var programFailures = FailureRates()

    init(_ number: UInt64) {
        self.number = number
        incarnation = Self.firstIncarnation(number)
        engines = Self.makeEngines()
    }

    /// What all of the host's disks have refused and done wrong.
    var diskCounts: DiskCounts {
        var counts = countsOfLostDisks
        counts.merge(disk.counts)
        return counts
    }

    /// What the present data directory is to say of itself.
    var identity: WriteAheadLog.Identity {
        WriteAheadLog.Identity(
            cluster: SimulatedCluster.identifier, node: node,
            incarnation: Incarnation(incarnation))
    }

    /// The name of a host's first data directory; each that follows it is one more.
    static func firstIncarnation(_ number: UInt64) -> UInt64 {
        number * 1_000
    }

    /// The present data directory, for the checks.
    var diskName: DiskModels.Disk { DiskModels.Disk(number, Incarnation(incarnation)) }

    private static func makeEngines() -> MemoryEngineFactory {
        MemoryEngineFactory(writeBufferBytes: 1 << 20)
    }

    /// Whether the data directory is another than the first.
    package var isReplaced: Bool { incarnation != Self.firstIncarnation(number) }
    package var name: String { "n\(number)" }
    package var node: NodeID { NodeID(number) }
    package var peerAddress: Address { Address(host: name, port: Self.peerPort) }
    package var clientAddress: Address { Address(host: name, port: Self.clientPort) }

    /// The replica of the running process.
    package var replica: Replica? {
        process?.daemon.replica
    }

    /// What recovery makes of the log as it is on the disk now, whatever of it is in memory, with an
    /// engine that holds `flushed`.
    ///
    /// - Throws: as `WriteAheadLog.open`.
    func recoveredLog(
        limits: Limits, flushed: LogIndex
    ) throws(WALFailure) -> WriteAheadLog.Recovery {
        let layout = DataDirectoryLayout(root: SimulatedDisk.data)
        let copy = disk.durableCopy()
        let register = try SegmentRegister(
            fileSystem: copy, layout: layout, incarnation: identity.incarnation)
        let (log, recovery) = try WriteAheadLog.open(
            fileSystem: copy, directory: layout.log, identity: identity, limits: limits,
            engineDurable: flushed, register: register)
        log.close()
        return recovery
    }

    /// What the process sees of its data directory and is not so on the disk, in words; nil where all is.
    func difference() -> String? {
        let layout = DataDirectoryLayout(root: SimulatedDisk.data)
        let (seen, kept) = (disk.copy(), disk.durableCopy())
        let names = [seen, kept].map { disk in
            (try? EngineLocation(root: layout.engine, fileSystem: disk).present()) ?? nil
        }
        if names[0] != names[1] {
            return "\(names[0] ?? "no engine"), and has \(names[1] ?? "none")"
        }
        let isNamed = (try? kept.exists(layout.identityFile)) ?? false
        return isNamed ? nil : "an identity, and has none"
    }

    /// Puts an empty directory in the place of the present one.
    func wipe() {
        precondition(process == nil, "host \(name) is wiped while its process runs")
        countsOfLostDisks.merge(disk.counts)
        disk = SimulatedDisk()
        engines = Self.makeEngines()
        incarnation += 1
    }
}

/// One process of a host: a whole node, and what it runs on.
package final class SimulatedProcess: @unchecked Sendable {
    package let loop: SimulatedLoop
    package let diskWorker: SimulatedWorker
    /// All of its workers: the disk's, then those that apply, read and maintain.
    package let workers: [SimulatedWorker]
    package let daemon: NodeDaemon
    package let programs: SimulatedPrograms
    /// The lock on its data.
    private let directory: DataDirectory
    /// The world's time when it began, nanoseconds.
    let began: UInt64

    init(
        loop: SimulatedLoop, workers: [SimulatedWorker], daemon: NodeDaemon,
        programs: SimulatedPrograms, directory: DataDirectory
    ) {
        precondition(!workers.isEmpty, "a process without a worker for its disk")
        self.loop = loop
        diskWorker = workers[0]
        self.workers = workers
        self.daemon = daemon
        self.programs = programs
        self.directory = directory
        began = loop.world.time
    }
}
