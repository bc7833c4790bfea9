import Identifiers
import Simulation
import Testing

struct ValueModelTests {
    private var model: ValueModel {
        var model = ValueModel()
        model.committed("a", groups: [0, 1], at: LogIndex(5))
        model.committed("b", groups: [1], at: LogIndex(7))
        return model
    }

    private func isRight(_ group: Int, _ applied: UInt64, _ value: String?) -> Bool {
        model.violation(
            of: ValueModel.Read(
                client: "c1", group: group, applied: LogIndex(applied), value: value)) == nil
    }

    private func isRight(_ version: UInt64?, _ index: UInt64, held: Bool) -> Bool {
        model.violation(
            of: ValueModel.Condition(
                operation: "c", group: 1, version: version.map { LogIndex($0) },
                index: LogIndex(index), held: held)) == nil
    }

    @Test
    func `a read must be given the last writer up to its index`() {
        #expect(isRight(0, 4, nil))
        #expect(isRight(0, 5, "a"))
        #expect(isRight(1, 6, "a"))
        #expect(isRight(1, 7, "b"))
        #expect(!isRight(1, 7, "a"))
        #expect(!isRight(1, 6, "b"))
        #expect(!isRight(0, 9, nil))
        #expect(!isRight(2, 9, "a"))
    }

    @Test
    func `a condition holds where the wanted writer is the last before`() {
        #expect(isRight(5, 7, held: true))
        #expect(isRight(7, 8, held: true))
        #expect(isRight(nil, 5, held: true))
        #expect(!isRight(5, 8, held: true))
        #expect(!isRight(nil, 6, held: true))
    }

    @Test
    func `a condition that is said not to hold must not`() {
        #expect(isRight(5, 8, held: false))
        #expect(isRight(nil, 7, held: false))
        #expect(!isRight(7, 8, held: false))
        #expect(!isRight(nil, 4, held: false))
    }

    @Test
    func `a violation names what was read and what stands`() {
        let read = ValueModel.Read(client: "c1", group: 1, applied: LogIndex(8), value: "a")
        #expect(model.violation(of: read) == "c1 read a in g1 at 8, where b stands")
    }
}
