import Glibc
import IOPosix
import Testing

@Suite struct StandardDescriptorsTests {
    /// What a program opens must not become its output.
    @Test func `closed descriptors are held, and still take and give nothing`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            for descriptor in Int32(0)...2 { close(descriptor) }
            StandardDescriptors.hold()
            let next = unsafe open("/dev/null", O_RDWR)
            if next <= 2 { exit(3) }
            var byte: UInt8 = 0
            if unsafe read(0, &byte, 1) != -1 || errno != EBADF { exit(4) }
            for descriptor in Int32(1)...2 where unsafe write(descriptor, &byte, 1) != -1 {
                exit(5)
            }
            exit(0)
        }
    }

    @Test func `open descriptors are left alone`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            guard let file = unsafe tmpfile() else { exit(3) }
            let descriptor = unsafe fileno(file)
            for standard in Int32(0)...2 where dup2(descriptor, standard) < 0 { exit(4) }
            StandardDescriptors.hold()
            var byte: UInt8 = 7
            exit(unsafe write(1, &byte, 1) == 1 ? 0 : 5)
        }
    }
}
