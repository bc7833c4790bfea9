import Glibc
import IOCore

/// Carries the packets between the hosts of a run, and does to them what the link table says.
///
/// Each host has a TUN device, whose packets are read and written here: that is a whole network in
/// one thread, with every fault that a kernel's `netem` knows, and it needs no such kernel.
final class PacketSwitch: Sendable {
    private struct State {
        var table: LinkTable
        var isStopping = false
    }

    /// Delayed packets are dropped beyond this number, as a router's queue does.
    private static let mostWaiting = 20_000
    /// What is read of one device before the others have their turn.
    private static let mostInOneTurn = 64

    private let devices: [Host: Int32]
    private let state: Locked<State>
    private let thread = Locked<JoinableThread?>(nil)

    /// Takes over the descriptors of the hosts' devices, which do not block, and starts.
    init(_ devices: [Host: Int32], seed: UInt64) {
        self.devices = devices
        state = Locked(State(table: LinkTable(seed: seed)))
        let thread = JoinableThread(name: "switch") { self.work() }
        self.thread.withLock { $0 = thread }
    }

    /// Ends the thread and closes the devices; a second call does nothing.
    func stop() {
        guard let thread = thread.withLock({ $0.take() }) else { return }
        state.withLock { $0.isStopping = true }
        thread.join()
        for device in devices.values { close(device) }
    }

    func apply(_ layer: [Link: LinkCondition], fault: Int) {
        state.withLock { $0.table.apply(layer, fault: fault) }
    }

    func heal(fault: Int) {
        state.withLock { $0.table.heal(fault: fault) }
    }

    /// The harness and the nodes.
    var hostCount: Int {
        devices.count
    }

    var counts: LinkTable.Counts {
        state.withLock(\.table.counts)
    }

    // MARK: - The thread

    private struct Packet {
        let device: Int32
        let bytes: ArraySlice<UInt8>
    }

    private func work() {
        let hosts = devices.keys.sorted()
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var line = DelayLine<Packet>()
        var polls = hosts.map { pollfd(fd: devices[$0] ?? -1, events: Int16(POLLIN), revents: 0) }
        while !state.withLock(\.isStopping) {
            let now = Self.milliseconds()
            while let packet = line.take(by: now) { Self.write(packet) }
            let left = line.nextDue.map { $0 - min(now, $0) } ?? 50
            guard unsafe poll(&polls, nfds_t(polls.count), Int32(min(left, 50))) > 0 else {
                continue
            }
            for (place, host) in hosts.enumerated() where polls[place].revents != 0 {
                forward(from: host, polls[place].fd, &buffer, &line)
            }
        }
    }

    private func forward(
        from host: Host, _ device: Int32, _ buffer: inout [UInt8], _ line: inout DelayLine<Packet>
    ) {
        for _ in 0..<Self.mostInOneTurn {
            let count = unsafe read(device, &buffer, buffer.count)
            // IPv4 alone; its destination's last byte is the host.
            guard count >= 20 else { return }
            guard buffer[0] >> 4 == 4, let target = Self.host(address: buffer[19]),
                let out = devices[target]
            else { continue }
            let now = Self.milliseconds()
            let link = Link(from: host, to: target)
            for due in state.withLock({ $0.table.route(link, now: now) }) {
                let packet = Packet(device: out, bytes: buffer[..<count])
                if due <= now {
                    Self.write(packet)
                } else if line.count < Self.mostWaiting {
                    line.insert(packet, due: due)
                }
            }
        }
    }

    /// A device that is gone takes nothing, as a host that is down.
    private static func write(_ packet: Packet) {
        _ = unsafe packet.bytes.withUnsafeBytes { bytes in
            unsafe Glibc.write(packet.device, bytes.baseAddress, bytes.count)
        }
    }

    private static func milliseconds() -> UInt64 {
        var time = timespec()
        let code = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        precondition(code == 0, "clock_gettime: \(code)")
        return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
    }

    // MARK: - Addresses

    /// The last byte of a host's address; not 0, which is the network's.
    static func addressByte(_ host: Host) -> UInt8 {
        UInt8(host + 1)
    }

    private static func host(address: UInt8) -> Host? {
        address > 0 ? Int(address) - 1 : nil
    }
}
