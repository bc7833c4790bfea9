import Identifiers
import Simulation
import Testing

private func entry(_ index: UInt64, _ bytes: [UInt8] = [1]) -> ToldSets.Entry {
    ToldSets.Entry(index: LogIndex(index), bytes: bytes)
}

/// A watch was told of 3, 5, 6 and 9, and has lost 7 and 8.
struct ToldSetsTests {
    private static func differences(
        _ page: [ToldSets.Entry], from begin: UInt64, through: UInt64
    ) -> [String] {
        var told = ToldSets()
        for index in [3, 5, 6, 9] as [UInt64] { told.append(entry(index)) }
        return told.differences(
            page, from: LogIndex(begin), through: LogIndex(through), told: LogIndex(10),
            lost: [LogIndex(7)..<LogIndex(9)])
    }

    @Test
    func `what is told once more is what was told before`() {
        #expect(Self.differences([entry(5), entry(6)], from: 4, through: 6).isEmpty)
        #expect(Self.differences([entry(3)], from: 1, through: 4).isEmpty)
        #expect(Self.differences([], from: 4, through: 4).isEmpty)
        // Of what it was not told, or not yet, it has nothing to compare with.
        let page = [entry(6), entry(8), entry(9), entry(11)]
        #expect(Self.differences(page, from: 6, through: 12).isEmpty)
    }

    @Test
    func `what one node tells of what was lost binds the others`() {
        let lost = [LogIndex(7)..<LogIndex(9)]
        var told = ToldSets()
        told.append(entry(6))
        func differences(_ page: [ToldSets.Entry], from begin: UInt64) -> [String] {
            told.differences(
                page, from: LogIndex(begin), through: LogIndex(8), told: LogIndex(9), lost: lost)
        }
        #expect(differences([entry(8)], from: 8).isEmpty)
        told.keep([entry(8)], from: LogIndex(8), through: LogIndex(8), lost: lost)
        #expect(differences([entry(6), entry(7), entry(8)], from: 6).isEmpty)
        #expect(differences([entry(7)], from: 7) == ["nothing of 8 as another has told"])
        #expect(
            differences([entry(8, [2])], from: 8) == [
                "nothing of 8 as another has told", "of 8 as no other has told",
            ])
        told.keep([entry(6), entry(8)], from: LogIndex(6), through: LogIndex(8), lost: lost)
        #expect(differences([entry(6), entry(8)], from: 6).isEmpty)
        #expect(
            differences([entry(6), entry(7), entry(8)], from: 6) == ["of 7 as no other has told"])
        // What lies outside of what is lost is held to what was told there, and to nothing else.
        #expect(differences([entry(8)], from: 6) == ["nothing of 6 as before"])
    }

    @Test(
        arguments: [
            ([entry(6)], ["nothing of 5 as before"]),
            ([entry(5), entry(5), entry(6)], ["of 5 where 6 to 6 follow"]),
            (
                [entry(5), entry(4), entry(6)],
                ["of 4 where 6 to 6 follow", "of 4 as never before"]
            ),
            ([entry(5), entry(6, [2])], ["nothing of 6 as before", "of 6 as never before"]),
            ([entry(3), entry(5), entry(6)], ["of 3 where 4 to 6 follow"]),
            ([entry(5), entry(6), entry(8)], ["of 8 where 7 to 6 follow"]),
        ])
    func `a change set that is missing, doubled, early, late or another is found`(
        page: [ToldSets.Entry], wrong: [String]
    ) {
        #expect(Self.differences(page, from: 4, through: 6) == wrong)
    }
}
