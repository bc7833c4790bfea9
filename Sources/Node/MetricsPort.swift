package import IOCore
import Identifiers
package import Wire

/// Metrics in Prometheus' text format, and health, by HTTP GET on a port of their own.
///
/// `/metrics`, `/health` (200 while a leader is known, the disk takes writes, and the node is a member
/// that can read its log; else 503). One request a connection; requests over 4 KiB or slower than
/// five seconds are cut off, and where there are too many connections, the oldest one is, so that
/// others that ask for nothing keep nobody from an answer.
package final class MetricsPort {
    private let loop: any EventLoop
    private let network: any Network
    private let status: () -> NodeStatus
    private var listener: (any Listener)?
    /// The connections by the order in which they came.
    private var connections: [UInt64: MetricsConnection] = [:]
    private var lastConnection: UInt64 = 0

    package static let connectionLimit = 64

    package init(loop: any EventLoop, network: any Network, status: @escaping () -> NodeStatus) {
        self.loop = loop
        self.network = network
        self.status = status
    }

    /// Listens, and returns where.
    @discardableResult
    package func listen(on address: Address) throws(NetworkFailure) -> Address {
        let listener = try network.listen(on: address) { [unowned self] connection in
            if connections.count >= Self.connectionLimit, let oldest = connections.keys.min() {
                connections[oldest]?.end()
            }
            lastConnection += 1
            let handler = MetricsConnection(connection, number: lastConnection, port: self)
            connections[handler.number] = handler
            handler.start(on: loop)
        }
        self.listener = listener
        return listener.address
    }

    package func stop() {
        listener?.close()
        listener = nil
        for number in connections.keys.sorted() {
            connections[number]?.end()
        }
    }

    func ended(_ connection: MetricsConnection) {
        connections[connection.number] = nil
    }

    /// The whole answer to a request.
    func answer(_ asked: RequestHead.Asked) -> [UInt8] {
        switch asked {
        case .refused(let status, let text):
            return Self.response(status, text + "\n")
        case .metrics:
            return Self.response("200 OK", Self.metrics(status()))
        case .health:
            let status = status()
            let canServe = status.role != .repairing && status.role != .removed
            let isWell = status.leader != nil && canServe && status.disk == .good
            let disk =
                status.disk == .noDescriptors ? "no file descriptors" : "\(status.disk)"
            let text =
                "role \(status.role)\nleader \(status.leader?.description ?? "none")\n"
                + "disk \(disk)\n"
            return Self.response(isWell ? "200 OK" : "503 Service Unavailable", text)
        }
    }

    static func response(_ status: String, _ body: String) -> [UInt8] {
        let head =
            "HTTP/1.1 \(status)\r\nContent-Type: text/plain; version=0.0.4\r\n"
            + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
        return Array(head.utf8) + Array(body.utf8)
    }

    /// The metrics of one node (*Prometheus exposition formats, text-based format 0.0.4*).
    static func metrics(_ status: NodeStatus) -> String {
        let counters: [(String, String, UInt64)] = [
            ("log_bytes_total", "Bytes appended to the log.", status.appendedBytes),
            ("log_raw_bytes_total", "Payload bytes before compression.", status.rawBytes),
            ("log_stored_bytes_total", "Payload bytes after compression.", status.storedBytes),
            ("uptime_milliseconds_total", "Time since the start.", status.uptimeMilliseconds),
        ]
        var text = ""
        for (name, help, value) in gauges(status) {
            text += "# HELP lockstep_\(name) \(help)\n# TYPE lockstep_\(name) gauge\n"
            text += "lockstep_\(name) \(value)\n"
        }
        for (name, help, value) in counters {
            text += "# HELP lockstep_\(name) \(help)\n# TYPE lockstep_\(name) counter\n"
            text += "lockstep_\(name) \(value)\n"
        }
        if status.role == .leader, !status.members.isEmpty {
            text +=
                "# HELP lockstep_member_lag_records Records a member is behind, on the leader.\n"
            text += "# TYPE lockstep_member_lag_records gauge\n"
            for member in status.members {
                text +=
                    "lockstep_member_lag_records{node=\"\(member.node)\"} \(member.lagRecords)\n"
            }
        }
        if !status.triggers.isEmpty {
            text += "# HELP lockstep_trigger_lag_records Records a trigger is behind.\n"
            text += "# TYPE lockstep_trigger_lag_records gauge\n"
            for trigger in status.triggers {
                text += "lockstep_trigger_lag_records{trigger=\"\(trigger.name)\"} "
                text += "\(trigger.lagRecords)\n"
            }
        }
        return text
    }

    /// Name, help and value of what may go up and down.
    private static func gauges(_ status: NodeStatus) -> [(String, String, UInt64)] {
        [
            ("term", "Current term.", status.term.rawValue),
            ("is_leader", "1 on the leader.", status.role == .leader ? 1 : 0),
            ("commit_index", "Last committed record.", status.commitIndex.rawValue),
            ("applied_index", "Last applied record.", status.appliedIndex.rawValue),
            ("durable_index", "Last record on this node's disk.", status.durableIndex.rawValue),
            ("first_log_index", "First record still in the log.", status.firstLogIndex.rawValue),
            ("last_log_index", "Last record of the log.", status.lastLogIndex.rawValue),
            (
                "damaged_ranges", "Ranges of the log that cannot be read.",
                UInt64(status.damage.count)
            ),
            (
                "repairing", "Whether damage keeps the node out of elections.",
                status.role == .repairing ? 1 : 0
            ),
            (
                "disk_full", "Whether the log or the store waits for room.",
                status.disk == .full ? 1 : 0
            ),
            (
                "descriptors_exhausted", "Whether the log waits for a file descriptor.",
                status.disk == .noDescriptors ? 1 : 0
            ),
            ("disk_hung", "Whether a write waits for too long.", status.disk == .hung ? 1 : 0),
            ("sessions", "Open client sessions.", status.sessions),
            ("connections", "Client connections.", status.connections),
            ("log_held_bytes", "Bytes that the log holds.", status.logBytes),
            ("engine_bytes", "Resident bytes of the store engine.", status.engineBytes),
            ("memory_bytes", "Resident bytes of the process.", status.memoryBytes),
        ]
    }
}

/// One HTTP connection: reads a request's head, answers, closes.
final class MetricsConnection: ConnectionHandler {
    /// Its place in the order in which connections came.
    let number: UInt64
    private let connection: any Connection
    private unowned let port: MetricsPort
    private var head = RequestHead()
    private var isEnded = false

    private static let patienceMilliseconds: UInt64 = 5_000

    init(_ connection: any Connection, number: UInt64, port: MetricsPort) {
        self.connection = connection
        self.number = number
        self.port = port
    }

    func start(on loop: any EventLoop) {
        let back = LoopBound(self, to: loop)
        let deadline = loop.now.advanced(milliseconds: Self.patienceMilliseconds)
        _ = loop.schedule(at: deadline) { back.value.end() }
        connection.setHandler(self)
    }

    func end() {
        guard !isEnded else { return }
        isEnded = true
        connection.close(flush: false)
        port.ended(self)
    }

    func received(_ bytes: [UInt8]) {
        guard let asked = head.received(bytes) else { return }
        connection.send(port.answer(asked))
        connection.close(flush: true)
    }

    func drained() {}

    func closed(_ reason: String) {
        guard !isEnded else { return }
        isEnded = true
        port.ended(self)
    }
}
