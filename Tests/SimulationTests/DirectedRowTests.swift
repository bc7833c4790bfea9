import Simulation
import Testing

struct DirectedRowTests {
    /// Those of the rows that no test brings about elsewhere.
    @Test(arguments: [
        DirectedRow.behindEngine, .lent, .conflict, .forgotten, .anew, .sectorRunning,
        .sectorAtStart, .sectorRefused,
    ])
    func `a row is met, and nothing is lost by it`(row: DirectedRow) {
        #expect(row.run().isEmpty)
    }
}
