import Glibc

/// A network of namespaces: each node has one of its own with one address, and all packets go
/// through a switch in this process.
///
/// The addresses are of 127.0.0.0/8, since a node without TLS listens on loopback alone. Inside the
/// namespaces, and nowhere else, the kernel is told to route them (`route_localnet`), so the daemon
/// keeps its rule and the nodes still reach each other over a network. Needs the right to change
/// namespaces, which this process has in its own.
final class NamespaceNetwork {
    let packets: PacketSwitch
    private let folder: String

    /// Makes namespaces for the nodes 1 to `nodes`, below a folder that is there; `seed` decides which
    /// packets are lost.
    init(folder: String, nodes: Int, seed: UInt64) async throws(TortureFailure) {
        let folder = folder + "/namespaces"
        self.folder = folder
        try Files.makeFolder(folder)
        var devices: [Host: Int32] = [:]
        do throws(TortureFailure) {
            for host in 0...nodes {
                devices[host] = try Self.openDevice("lockstep\(host)")
                let path = Self.path(host, in: folder)
                if host > 0 { try await Self.makeNamespace(host, at: path, in: folder) }
                try await Self.configure(host, at: path, in: folder)
            }
        } catch {
            for device in devices.values { close(device) }
            for host in devices.keys where host > 0 { await Self.letGo(host, in: folder) }
            throw error
        }
        packets = PacketSwitch(devices, seed: seed)
    }

    static func address(_ host: Host) -> String {
        "127.77.0.\(PacketSwitch.addressByte(host))"
    }

    /// What is put before a node's command to run it in its namespace; its process keeps its number.
    func prefix(_ node: Int) -> [String] {
        ["/usr/bin/nsenter", "--net=\(path(node))", "/usr/bin/env"]
    }

    /// Ends the switch and lets go of the namespaces, whose devices end with them.
    func end() async {
        packets.stop()
        for node in 1...(packets.hostCount - 1) { await Self.letGo(node, in: folder) }
    }

    /// Lets go of a namespace, if it was made.
    private static func letGo(_ node: Int, in folder: String) async {
        _ = try? await Tool.run("/bin/umount", [path(node, in: folder)], in: folder)
    }

    private func path(_ node: Int) -> String {
        Self.path(node, in: folder)
    }

    private static func path(_ node: Int, in folder: String) -> String {
        "\(folder)/\(node)"
    }

    private static func makeNamespace(
        _ node: Int, at path: String, in folder: String
    ) async throws(TortureFailure) {
        try Files.write("", to: path)
        try await Tool.run("/usr/bin/unshare", ["--net=\(path)", "/bin/true"], in: folder)
        try await Tool.run(
            "/bin/ip", ["link", "set", "lockstep\(node)", "netns", path], in: folder)
    }

    /// Gives a host its address, for which 127.0.0.0/8 of `lo` makes way.
    private static func configure(
        _ host: Host, at path: String, in folder: String
    ) async throws(TortureFailure) {
        let script = """
            set -e
            ip link set lo up
            ip address delete 127.0.0.1/8 dev lo
            ip address add 127.0.0.1/32 dev lo
            ip link set lockstep\(host) mtu 1500 up
            ip address add \(address(host))/24 dev lockstep\(host)
            echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
            """
        let shell = ["/bin/sh", "-c", script]
        let words = host == 0 ? shell : ["/usr/bin/nsenter", "--net=\(path)"] + shell
        try await Tool.run(words[0], Array(words.dropFirst()), in: folder)
    }

    /// A TUN device without a packet header (`TUNSETIFF` of *linux/if_tun.h*).
    private static func openDevice(_ name: String) throws(TortureFailure) -> Int32 {
        let descriptor = unsafe open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TortureFailure("cannot open /dev/net/tun: \(Files.words(errno))")
        }
        // struct ifreq: 16 bytes of name, then the flags IFF_TUN and IFF_NO_PI.
        var request = [UInt8](repeating: 0, count: 40)
        request.replaceSubrange(0..<name.utf8.count, with: name.utf8)
        request[16] = 0x01
        request[17] = 0x10
        let setInterface: UInt = 0x4004_54ca
        let code = unsafe request.withUnsafeMutableBytes { bytes -> Int32 in
            guard let start = bytes.baseAddress else { return -1 }
            return unsafe ioctl(descriptor, setInterface, start)
        }
        guard code == 0 else {
            let reason = errno
            close(descriptor)
            throw TortureFailure("cannot make the device \(name): \(Files.words(reason))")
        }
        return descriptor
    }
}
