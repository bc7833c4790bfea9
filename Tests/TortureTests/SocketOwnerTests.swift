import Glibc
import Testing
import Torture

@Suite struct SocketOwnerTests {
    private static let table = Array(
        """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 0100007F:6DD4 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 500 1
          11: 0100007F:6DD4 0100007F:8A52 06 00000000:00000000 03:00001770 00000000     0        0 0 3
          12: 0200007F:6DD4 0100007F:8A52 01 00000000:00000000 00:00000000 00000000     0        0 501 1
          13: 0100007F:8A52 0100007F:6DD4 01 00000000:00000000 00:00000000 00000000     0        0 502 1
        1014: 0100007F:6DD4 0100007F:8A52 01 00000000:00000000 00:00000000 00000000     0        0 503 1
        1015: 0100007F:00D4 0100007F:8A52 01 00000000:00000000

        """.utf8)

    @Test func `the connected socket of a port is found, and no other`() {
        #expect(SocketOwner.inode(ofPort: 0x6DD4, in: Self.table) == 503)
        #expect(SocketOwner.inode(ofPort: 0x8A52, in: Self.table) == 502)
        #expect(SocketOwner.inode(ofPort: 0xD4, in: Self.table) == nil)
        #expect(SocketOwner.inode(ofPort: 0x6DD5, in: Self.table) == nil)
        #expect(SocketOwner.inode(ofPort: 0x6DD4, in: []) == nil)
    }

    /// A socket that was bound to any port of 127.0.0.1, and listens or connects to another port.
    private static func socket(
        to other: UInt16? = nil
    ) throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return try unsafe withUnsafeMutablePointer(to: &address) { whole in
            try unsafe whole.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                try #require(unsafe bind(descriptor, pointer, size) == 0)
                try #require(unsafe getsockname(descriptor, pointer, &size) == 0)
                let port = unsafe UInt16(bigEndian: whole.pointee.sin_port)
                if let other {
                    unsafe whole.pointee.sin_port = other.bigEndian
                    try #require(unsafe connect(descriptor, pointer, size) == 0)
                } else {
                    try #require(listen(descriptor, 1) == 0)
                }
                return (descriptor, port)
            }
        }
    }

    @Test func `the kernel finds the socket of a connection that stands`() throws {
        let listener = try Self.socket()
        let client = try Self.socket(to: listener.port)
        defer {
            close(client.descriptor)
            close(listener.descriptor)
        }
        var status = stat()
        try #require(unsafe fstat(client.descriptor, &status) == 0)
        let found = SocketOwner.diagnosed(from: client.port, to: listener.port)
        #expect(found == UInt64(status.st_ino))
        #expect(SocketOwner.diagnosed(from: client.port, to: 1) == nil)
    }
}
