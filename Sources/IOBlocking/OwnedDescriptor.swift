import Glibc

/// A descriptor of this library's in a program that may close what it has not opened.
///
/// A daemon closes all descriptors that it does not know, and its own files get their numbers
/// then. So a descriptor is used and closed only where it still is the socket that it was made for.
struct OwnedDescriptor {
    let number: Int32
    private let device: UInt
    private let inode: UInt

    /// Takes over a descriptor that has just been opened.
    init(_ number: Int32) {
        self.number = number
        (device, inode) = Self.identity(of: number) ?? (0, 0)
    }

    /// Whether the number still stands for what it was opened for.
    var isIntact: Bool {
        guard let (device, inode) = Self.identity(of: number) else { return false }
        return device == self.device && inode == self.inode
    }

    /// Closes it, unless the program has.
    func close() {
        if isIntact { Glibc.close(number) }
    }

    /// What tells a socket from every other file; nil for a number that is not open.
    private static func identity(of number: Int32) -> (device: UInt, inode: UInt)? {
        var status = stat()
        guard unsafe fstat(number, &status) == 0 else { return nil }
        return (UInt(status.st_dev), UInt(status.st_ino))
    }
}
