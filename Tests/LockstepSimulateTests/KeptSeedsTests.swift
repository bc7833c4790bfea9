import ArgumentParser
import Foundation
import LockstepSimulate
import Simulation
import Testing

struct KeptSeedsTests {
    @Test
    func `a line has the options of one run, and words behind a sign`() throws {
        let kept = try KeptSeeds(
            """
            # what this is

            --seed 7 # abc: what it showed
            --seed 8 --fault-seconds 3 --nodes 5
            """)
        #expect(kept.entries.map(\.seed) == [7, 8])
        #expect(kept.entries[0].settings.faultMilliseconds == RunSettings().faultMilliseconds)
        #expect(kept.entries[1].settings.faultMilliseconds == 3_000)
        #expect(kept.entries[1].settings.founders == 5)
    }

    @Test(arguments: [
        "", "# none", "--seed", "--fault-seconds 3", "--seed 1 --only 2", "--seed 1 --unknown",
        "--seed 1 --seeds 2", "--seed 1 --json", "--seed 1 --quiet", "--seed 1 --seed 2",
        "--seed 1 --shrink-seconds=3", "--seed 1 --help", "-h",
        "--experimental-dump-help", "--seed 1 --help-hidden",
    ])
    func `what is no run is refused`(text: String) {
        let error = #expect(throws: (any Error).self) { try KeptSeeds(text) }
        #expect(error.map { SimulateCommand.message(for: $0).utf8.count < 200 } ?? false)
    }

    @Test
    func `lines may end as on other systems`() throws {
        let kept = try KeptSeeds("# what\r\n\r\n--seed 7\r\n--seed 8 --nodes 5 # what\r\n")
        #expect(kept.entries.map(\.seed) == [7, 8])
        let error = #expect(throws: (any Error).self) { try KeptSeeds("--seed 1\r\n--seed x") }
        #expect(try SimulateCommand.message(for: #require(error)).contains("line 2"))
    }

    @Test
    func `a mistake is told with its line`() throws {
        let error = #expect(throws: (any Error).self) { try KeptSeeds("--seed 1\n--seed x") }
        #expect(try SimulateCommand.message(for: #require(error)).contains("line 2"))
    }

    @Test(arguments: ["--seeds 3", "--first 2", "--nodes 5", "--fault-seconds 60", "--disks-lie"])
    func `a file has the options of its seeds, and none beside it`(options: String) {
        let words = ["--kept", "seeds.txt"] + options.split(separator: " ").map(String.init)
        #expect(throws: (any Error).self) { try SimulateCommand.parse(words) }
    }

    @Test
    func `the seeds that are kept can be read, with the commit that mended each`() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/simulation/kept-seeds.txt")
        let text = try String(contentsOf: path, encoding: .utf8)
        let kept = try KeptSeeds(text)
        let told = text.matches(of: /\n--seed (\d+) [^#\n]*# [0-9a-f]{7}[:,]/)
        #expect(told.compactMap { UInt64($0.1) } == kept.entries.map(\.seed))
        #expect(kept.entries.count >= 9)
    }
}
