import Glibc
import Identifiers
import Testing
import Torture

@Suite struct LogRotTests {
    /// A segment of groups of 16 bytes of frames each, in a new folder.
    private func makeLog(groups: Int) throws -> (folder: String, bytes: [UInt8]) {
        var template = Array("/tmp/logrot-XXXXXX".utf8CString)
        let folder = try #require(
            unsafe mkdtemp(&template).map { made in unsafe String(cString: made) })
        var bytes = [UInt8](repeating: 0, count: 1_024)
        for _ in 0..<groups {
            var envelope = Array("LkGr".utf8) + [UInt8](repeating: 0, count: 44)
            envelope[40] = 16
            bytes += envelope + [UInt8](repeating: 7, count: 16)
        }
        let descriptor = unsafe open(path(folder), O_WRONLY | O_CREAT, 0o600)
        #expect(unsafe write(descriptor, bytes, bytes.count) == bytes.count)
        close(descriptor)
        return (folder, bytes)
    }

    private func path(_ folder: String) -> String {
        folder + "/segment-00000000000000000001"
    }

    private func read(_ folder: String, _ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let descriptor = unsafe open(path(folder), O_RDONLY)
        defer { close(descriptor) }
        #expect(unsafe Glibc.read(descriptor, &bytes, count) == count)
        return bytes
    }

    @Test func `only frames are hit, and never those of the last four groups`() throws {
        for seed in 0..<100 as Range<UInt64> {
            let (folder, before) = try makeLog(groups: 12)
            defer {
                unsafe unlink(path(folder))
                unsafe rmdir(folder)
            }
            var generator = SeededGenerator(seed: seed)
            #expect(try LogRot.strike(log: folder, using: &generator) != nil)
            let after = read(folder, before.count)
            let places = before.indices.filter { before[$0] != after[$0] }
            #expect((1...3).contains(places.count), "seed \(seed)")
            for place in places {
                let (group, offset) = (place - 1_024).quotientAndRemainder(dividingBy: 64)
                #expect(group < 8 && offset >= 48, "seed \(seed): byte \(place)")
            }
        }
    }

    @Test func `a log that is hardly begun is left alone`() throws {
        let (folder, before) = try makeLog(groups: 8)
        defer {
            unsafe unlink(path(folder))
            unsafe rmdir(folder)
        }
        var generator = SeededGenerator(seed: 1)
        #expect(try LogRot.strike(log: folder, using: &generator) == nil)
        #expect(read(folder, before.count) == before)
    }
}
