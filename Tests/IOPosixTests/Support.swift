import Glibc
import IOCore
import IOPosix

/// Runs `body` with an empty directory, and removes it with all below it afterwards.
func withDirectory<Result>(_ body: (PosixFileSystem, String) throws -> Result) throws -> Result {
    let files = PosixFileSystem()
    var template = Array("/tmp/lockstep-test-XXXXXX".utf8CString)
    let isMade = unsafe template.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return false }
        return unsafe mkdtemp(base) != nil
    }
    precondition(isMade, "mkdtemp failed: is /tmp writable?")
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { try? files.removeTree(path) }
    return try body(files, path)
}
