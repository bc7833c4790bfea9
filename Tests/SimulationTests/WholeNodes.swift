import Identifiers
import Simulation
import Testing

extension WholeNodes {
    /// Starts, writes `count` records on all nodes, and ends every process; the last record's index.
    func written(_ count: Int = 20) throws -> LogIndex {
        try #require(start())
        let last = try #require(write(count))
        try #require(settle())
        crashAll()
        return last
    }

    /// All nodes get on, beyond `last`; each has exactly what was ever acknowledged, where it was.
    func expectWhole(_ last: LogIndex) throws {
        #expect(objections(beyond: last).isEmpty)
    }
}
