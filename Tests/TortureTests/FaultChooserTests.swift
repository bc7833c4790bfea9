import Identifiers
import Testing
import Torture

@Suite struct FaultChooserTests {
    private let view = FaultChooser.View(nodes: [1, 2, 3], spare: 4, leader: 2, small: 3)

    private func links(_ trouble: Trouble?) -> [Link: LinkCondition] {
        if case .links(let links)? = trouble { links } else { [:] }
    }

    @Test func `lists name all, kinds, and the first word of some`() {
        #expect(FaultKind.list("all") == FaultKind.allCases)
        #expect(FaultKind.list("pause,kill") == [.pause, .killOne, .killLeader, .killAll])
        #expect(
            FaultKind.list("clock-forward,clock") == [.clockForward, .clockBackward, .clockRate])
        #expect(FaultKind.list("pa") == nil)
        #expect(FaultKind.list("pause,nothing") == nil)
        #expect(FaultKind.list("") == nil)
        #expect(FaultKind.list("pause,,kill") == nil)
    }

    @Test(arguments: [
        ("kill-all,kill-leader", false), ("rolling-restart,pause", false), ("pause", false),
        ("rotten-log,wiped-disk", false), ("kill-all,packet-loss", true),
        ("rolling-restart,transfer", true), ("pause,kill-one", true), ("membership,pause", true),
        ("kill-all,pause,disk-slow", true),
    ])
    func `kinds may be at once unless one leaves nobody for the other`(list: String, may: Bool) {
        #expect(FaultKind.canMix(FaultKind.list(list) ?? []) == may)
    }

    @Test(arguments: FaultKind.allCases)
    func `a seed decides, and every kind finds somebody in a whole cluster`(kind: FaultKind) {
        for seed in 0..<50 as Range<UInt64> {
            var first = FaultChooser(generator: SeededGenerator(seed: seed))
            var second = FaultChooser(generator: SeededGenerator(seed: seed))
            let trouble = first.trouble(kind, view)
            let again = second.trouble(kind, view)
            #expect(trouble != nil, "seed \(seed)")
            #expect(trouble?.nodes == again?.nodes, "seed \(seed)")
            #expect(trouble?.details == again?.details, "seed \(seed)")
        }
    }

    @Test(arguments: FaultKind.allCases.filter { !$0.isOfNetwork && $0 != .transfer })
    func `what another fault holds is left alone`(kind: FaultKind) {
        let busy = FaultChooser.View(
            nodes: [1, 2, 3], spare: 4, leader: 2, busy: [2, 3], small: 3)
        for seed in 0..<50 as Range<UInt64> {
            var chooser = FaultChooser(generator: SeededGenerator(seed: seed))
            let nodes = chooser.trouble(kind, busy)?.nodes ?? []
            #expect(Set(nodes).isDisjoint(with: [2, 3]), "seed \(seed)")
        }
    }

    @Test func `halves hear each other no more, and each hears itself`() {
        for seed in 0..<50 as Range<UInt64> {
            var chooser = FaultChooser(generator: SeededGenerator(seed: seed))
            let cut = links(chooser.trouble(.partitionHalves, view))
            for link in cut.keys {
                #expect(cut[Link(from: link.to, to: link.from)] == .cut, "seed \(seed)")
                #expect(link.from != 0 && link.to != 0, "seed \(seed)")
            }
            let beside = [1, 2, 3, 4].filter { cut[Link(from: 1, to: $0)] == nil }
            for one in beside {
                for other in beside {
                    #expect(cut[Link(from: one, to: other)] == nil, "seed \(seed)")
                }
            }
        }
    }

    @Test func `one way leaves the other way open`() {
        for seed in 0..<50 as Range<UInt64> {
            var chooser = FaultChooser(generator: SeededGenerator(seed: seed))
            let cut = links(chooser.trouble(.partitionOneWay, view))
            #expect(cut.count == 3, "seed \(seed)")
            for link in cut.keys {
                #expect(cut[Link(from: link.to, to: link.from)] == nil, "seed \(seed)")
            }
        }
    }

    @Test func `a bridge is cut from nobody`() {
        for seed in 0..<50 as Range<UInt64> {
            var chooser = FaultChooser(generator: SeededGenerator(seed: seed))
            let cut = links(chooser.trouble(.partitionBridge, view))
            let touched = Set(cut.keys.flatMap { [$0.from, $0.to] })
            #expect(touched.count == 3, "seed \(seed)")
            // The leader, 2, is no bridge: followers say nothing to each other that could be cut.
            #expect(touched.contains(2), "seed \(seed)")
        }
    }
}
