import Simulation
import Testing

struct LatestEndsTests {
    @Test
    func `a disturbance that begins within another lasts until the later end`() {
        var ends = LatestEnds()
        ends.lasts("cut n1 n2", until: 50)
        ends.lasts("cut n1 n2", until: 30)
        ends.lasts("cut n2 n1", until: 40)
        #expect(!ends.isOver("cut n1 n2", at: 30))
        #expect(ends.isOver("cut n1 n2", at: 50))
        #expect(ends.isOver("cut n2 n1", at: 40))
    }
}
