import CLibuv
import Glibc
import IOCore

/// An IPv4 or IPv6 address as the system's calls take it.
@safe struct SocketAddress {
    private var storage = sockaddr_storage()

    private init() {}

    /// Reads a literal address, or `localhost`, which is 127.0.0.1; nil for any other name.
    init?(_ address: Address) {
        let host = address.host == "localhost" ? "127.0.0.1" : address.host
        let port = Int32(address.port)
        let code = unsafe withUnsafeMutablePointer(to: &storage) { storage in
            let memory = UnsafeMutableRawPointer(storage)
            let code = unsafe uv_ip4_addr(
                host, port, memory.assumingMemoryBound(to: sockaddr_in.self))
            if code == 0 { return code }
            return unsafe uv_ip6_addr(
                host, port, memory.assumingMemoryBound(to: sockaddr_in6.self))
        }
        guard code == 0 else { return nil }
    }

    /// Copies an address of the resolver and gives it `port`; nil for another family.
    init?(_ address: UnsafePointer<sockaddr>, port: UInt16) {
        unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            unsafe bytes.copyMemory(
                from: UnsafeRawBufferPointer(
                    start: address, count: Self.bytes(of: Int32(address.pointee.sa_family))))
        }
        guard let text = self.address(withPort: port), let copy = SocketAddress(text) else {
            return nil
        }
        self = copy
    }

    /// The address that `call` fills in; nil where it fails or the family is another.
    static func read(
        _ call: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Int32
    ) -> (result: Int32, address: Address?) {
        var result = SocketAddress()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = unsafe withUnsafeMutablePointer(to: &result.storage) { storage in
            let memory = UnsafeMutableRawPointer(storage)
            return unsafe call(memory.assumingMemoryBound(to: sockaddr.self), &length)
        }
        return (code, code < 0 ? nil : result.address)
    }

    var family: Int32 {
        Int32(storage.ss_family)
    }

    /// The address in text; nil for a family that is neither IPv4 nor IPv6.
    var address: Address? {
        address(withPort: nil)
    }

    private func address(withPort given: UInt16?) -> Address? {
        unsafe withUnsafePointer(to: storage) { storage in
            let memory = unsafe UnsafeRawPointer(storage)
            return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
                guard let base = text.baseAddress else { return nil }
                let port: in_port_t
                switch Int32(unsafe storage.pointee.ss_family) {
                case AF_INET:
                    let address = unsafe memory.assumingMemoryBound(to: sockaddr_in.self)
                    unsafe uv_ip4_name(address, base, text.count)
                    port = unsafe address.pointee.sin_port
                case AF_INET6:
                    let address = unsafe memory.assumingMemoryBound(to: sockaddr_in6.self)
                    unsafe uv_ip6_name(address, base, text.count)
                    port = unsafe address.pointee.sin6_port
                default:
                    return nil
                }
                return unsafe Address(
                    host: String(cString: base), port: given ?? UInt16(bigEndian: port))
            }
        }
    }

    /// Runs `body` with the address and its length.
    func withPointer(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        unsafe withUnsafePointer(to: storage) { storage in
            let memory = unsafe UnsafeRawPointer(storage)
            return unsafe body(
                memory.assumingMemoryBound(to: sockaddr.self), socklen_t(Self.bytes(of: family)))
        }
    }

    private static func bytes(of family: Int32) -> Int {
        family == AF_INET6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
    }
}
