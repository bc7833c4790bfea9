import Identifiers
import Testing

/// A table of nodes is what a dictionary is, in order.
@Suite struct NodeTableTests {
    @Test func holdsWhatADictionaryHolds() {
        var random = SeededGenerator(seed: 7)
        var table = NodeTable<Int>()
        var model: [NodeID: Int] = [:]
        for step in 0..<2_000 {
            let node = NodeID(random.next() % 9 + 1)
            let value = random.next() % 3 == 0 ? nil : step
            table[node] = value
            model[node] = value
            #expect(table[node] == value)
            #expect(table.keys == model.keys.sorted())
            #expect(table.values == model.keys.sorted().map { model[$0] })
            #expect(table.map(\.key) == table.keys && table.map(\.value) == table.values)
            #expect(table.isEmpty == model.isEmpty && table.count == model.count)
        }
    }

    @Test func changesValuesInPlace() {
        var table = NodeTable<[Int]>()
        table[NodeID(2)] = [1]
        table[NodeID(2)]?.append(2)
        table[NodeID(3)]?.append(3)
        #expect(table[NodeID(2)] == [1, 2])
        #expect(table[NodeID(3)] == nil && table.keys == [NodeID(2)])
    }
}
