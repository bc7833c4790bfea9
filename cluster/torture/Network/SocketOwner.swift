import Glibc

/// Who holds a socket of this machine, from what the kernel tells of sockets and processes.
package enum SocketOwner {
    /// The host whose process holds the connection from one port of 127.0.0.1 to another; nil if it
    /// is none of these, or is gone.
    static func host(
        ofConnectionFrom port: UInt16, to other: UInt16, among processes: [Host: Int32]
    ) -> Host? {
        let found =
            diagnosed(from: port, to: other)
            ?? inode(ofPort: port, in: Files.readBytes("/proc/net/tcp") ?? [])
        guard let inode = found else { return nil }
        for (host, process) in processes {
            let folder = "/proc/\(process)/fd"
            for name in Files.names(in: folder)
            where Files.link("\(folder)/\(name)") == "socket:[\(inode)]" {
                return host
            }
        }
        return nil
    }

    /// The number of the socket of a connection between two ports of 127.0.0.1, by the kernel's own
    /// look-up (*sock_diag(7)*); nil if there is none or the kernel cannot tell.
    ///
    /// The table of all sockets takes tens of milliseconds to read on a busy machine, in which
    /// nothing would go through the proxy.
    package static func diagnosed(from port: UInt16, to other: UInt16) -> UInt64? {
        let family: Int32 = 16  // AF_NETLINK
        let socketDiagnosis: Int32 = 4  // NETLINK_SOCK_DIAG
        let kind = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, socketDiagnosis)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let request = diagnosisRequest(from: port, to: other)
        guard unsafe send(descriptor, request, request.count, 0) == request.count else {
            return nil
        }
        var answer = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe recv(descriptor, &answer, answer.count, 0)
        // The kind of the message is its fifth byte; the number is the last field of the answer, which
        // its attributes follow.
        let place = 84
        guard count >= place + 4, answer[4] == byFamily, answer[5] == 0 else { return nil }
        let inode = answer[place..<place + 4].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        return inode == 0 ? nil : inode
    }

    /// The kind of message that asks for sockets of a family.
    private static let byFamily: UInt8 = 20

    /// A netlink header of 16 bytes, and 56 that name one connection of IPv4, in the machine's order
    /// of bytes but for the ports and addresses.
    private static func diagnosisRequest(from port: UInt16, to other: UInt16) -> [UInt8] {
        let loopback: [UInt8] = [127, 0, 0, 1] + [UInt8](repeating: 0, count: 12)
        let header: [UInt8] =
            [72, 0, 0, 0, byFamily, 0, 1, 0] + [UInt8](repeating: 0, count: 8)
        let internet: [UInt8] = [2, 6, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]
        let ports = [UInt8(port >> 8), UInt8(port & 0xFF), UInt8(other >> 8), UInt8(other & 0xFF)]
        // Any network interface, and any instance of the socket.
        let rest = [UInt8](repeating: 0, count: 4) + [UInt8](repeating: 0xFF, count: 8)
        return header + internet + ports + loopback + loopback + rest
    }

    /// The number of the socket with a local port of 127.0.0.1 that is connected, in the table that
    /// *proc_net_tcp.txt* describes.
    package static func inode(ofPort port: UInt16, in table: [UInt8]) -> UInt64? {
        let digits = String(port, radix: 16, uppercase: true)
        let local = Array(
            ": 0100007F:\(String(repeating: "0", count: 4 - digits.count))\(digits) ".utf8)
        for line in table.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
                line[colon...].starts(with: local)
            else { continue }
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count > 9, fields[3].elementsEqual("01".utf8) else { continue }
            return UInt64(String(decoding: fields[9], as: UTF8.self))
        }
        return nil
    }
}
