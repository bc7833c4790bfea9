import LockstepCLI
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite struct StreamsTests {
    @Test func `output that a full disk does not take fails with its reason`() throws {
        let descriptor = unsafe open("/dev/full", O_WRONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        #expect(
            Streams.write([1], to: descriptor)
                == CommandFailure(.output, "cannot write the output: No space left on device"))
    }

    @Test func `output whose reader has gone fails without a word`() throws {
        _ = signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [0, 0]
        try #require(unsafe pipe(&ends) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        #expect(Streams.write([1], to: ends[1]) == CommandFailure(.output, ""))
    }

    @Test func `output that is taken fails with nothing`() throws {
        let descriptor = unsafe open("/dev/null", O_WRONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        #expect(Streams.write([UInt8](repeating: 1, count: 1 << 17), to: descriptor) == nil)
    }
}
