/// Who holds a socket of this machine, from what the kernel tells of sockets and processes.
enum SocketOwner {
    /// The host whose process holds the connection that comes from a port of 127.0.0.1; nil if it is
    /// none of these, or is gone.
    static func host(ofPort port: UInt16, among processes: [Host: Int32]) -> Host? {
        guard let inode = inode(ofPort: port, in: Files.read("/proc/net/tcp") ?? "") else {
            return nil
        }
        for (host, process) in processes {
            let folder = "/proc/\(process)/fd"
            for name in Files.names(in: folder)
            where Files.link("\(folder)/\(name)") == "socket:[\(inode)]" {
                return host
            }
        }
        return nil
    }

    /// The number of the socket with a local port of 127.0.0.1 that is connected, in the table that
    /// *proc_net_tcp.txt* describes.
    static func inode(ofPort port: UInt16, in table: String) -> Substring? {
        let digits = String(port, radix: 16, uppercase: true)
        let local = "0100007F:" + String(repeating: "0", count: 4 - digits.count) + digits
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[1] == local, fields[3] == "01" else { continue }
            return fields[9]
        }
        return nil
    }
}
