import Glibc
import LockstepDaemon
import Testing

@Suite struct DrainBoundTests {
    @Test func `a process that does not end in time is ended`() async {
        await #expect(processExitsWith: .exitCode(75)) {
            DrainBound.set(seconds: 1)
            while true { pause() }
        }
    }
}
