import Identifiers
import Testing
import Transactions
import Triggers

@Suite struct TriggerRosterTests {
    private func trigger(
        _ name: String = "t", through index: UInt64 = 0, prefix: String = "n/",
        attempts: UInt64 = 0, suspension: String? = nil
    ) -> RegisteredTrigger {
        RegisteredTrigger(
            definition: TriggerDefinition(
                name: name, kind: .postCommit, keyPrefixes: [prefix], program: "p",
                attemptLimit: attempts),
            deliveredThrough: LogIndex(index), suspension: suspension)
    }

    private func set(_ index: UInt64, _ key: String) -> ChangeSet {
        ChangeSet(
            index: LogIndex(index), timeMilliseconds: 1_000, properties: [],
            changes: [Change(step: 0, store: .properties, key: key, old: nil, new: [0x31])],
            abort: nil)
    }

    private func roster(_ triggers: RegisteredTrigger...) -> TriggerRoster {
        var roster = TriggerRoster()
        roster.load(triggers)
        return roster
    }

    /// Lets the only runner read one page, and deliver what is in it with these failures.
    private func play(
        _ roster: inout TriggerRoster, _ sets: [ChangeSet], through: UInt64,
        failures: [String?] = []
    ) {
        let identifier = roster.identifiers[0]
        var rest = failures[...]
        while true {
            switch roster.next(identifier, applied: LogIndex(through), now: .zero) {
            case .idle, .wait: return
            case .read(let from):
                roster.pageRead(
                    identifier, sets.filter { $0.index >= from }, through: LogIndex(through),
                    firstRetained: LogIndex(1))
            case .run: roster.finished(identifier, failure: rest.popFirst() ?? nil, now: .zero)
            }
        }
    }

    private func begun(_ roster: inout TriggerRoster) throws -> TriggerRoster.Save {
        let save = roster.beginSave()
        return try #require(save)
    }

    private func expectNoSave(_ roster: inout TriggerRoster, _ reason: Comment) {
        let save = roster.beginSave()
        #expect(save == nil, reason)
    }

    private func cursor(_ index: UInt64, _ suspension: String? = nil) -> TriggerCursor {
        TriggerCursor(trigger: "t", deliveredThrough: LogIndex(index), suspension: suspension)
    }

    @Test func `a page read for a removed trigger does not reach its namesake`() throws {
        var roster = roster(trigger())
        let old = try #require(roster.identifiers.first)
        #expect(roster.next(old, applied: LogIndex(9), now: .zero) == .read(from: LogIndex(1)))
        roster.load([trigger(through: 5, prefix: "m/")])
        let new = try #require(roster.identifiers.first)
        #expect(roster.next(new, applied: LogIndex(9), now: .zero) == .read(from: LogIndex(6)))
        roster.pageRead(
            old, [set(2, "m/early")], through: LogIndex(9), firstRetained: LogIndex(1))
        roster.finished(old, failure: "late", now: .zero)
        roster.readFailed(old, now: .zero)
        #expect(roster[old] == nil)
        #expect(roster[new]?.deliveredThrough == LogIndex(5))
        #expect(roster.next(new, applied: LogIndex(9), now: .zero) == .idle, "it still reads")
    }

    @Test func `a trigger added anew begins behind its addition, also if nothing else differs`() {
        var roster = roster(trigger())
        play(&roster, [set(2, "n/a")], through: 3, failures: ["exit 1"])
        let old = roster.identifiers
        roster.load([trigger(through: 7)])
        #expect(roster.identifiers != old)
        #expect(roster[roster.identifiers[0]]?.deliveredThrough == LogIndex(7))
        let kept = roster.identifiers
        roster.load([trigger(through: 7), trigger("u", through: 8)])
        #expect(roster.identifiers.first == kept.first)
    }

    @Test func `change sets of no concern are worth a save, and other cursors are not`() throws {
        var roster = roster(trigger())
        play(&roster, [], through: 40)
        expectNoSave(&roster, "nothing was read")
        play(&roster, [set(41, "x")], through: 42)
        let save = try begun(&roster)
        #expect(save.cursors == [cursor(42)])
        roster.saved(save, succeeded: true)
        play(&roster, [], through: 43)
        expectNoSave(&roster, "it moved over its own cursor")
        play(&roster, [], through: 42 + UInt64(TriggerRoster.saveRecords) + 1)
        _ = try begun(&roster)
    }

    @Test func `what is delivered while a save is under way is in the next`() throws {
        var roster = roster(trigger())
        play(&roster, [set(1, "n/a")], through: 1)
        let save = try begun(&roster)
        play(&roster, [set(2, "n/b")], through: 2)
        roster.saved(save, succeeded: true)
        #expect(try begun(&roster).cursors == [cursor(2)])
    }

    @Test func `a save that failed is made again`() throws {
        var roster = roster(trigger(attempts: 1))
        play(&roster, [set(1, "n/a"), set(2, "n/b")], through: 2, failures: [nil, "exit 1"])
        let save = try begun(&roster)
        let reason = "1 run for change set 2 failed; the last: exit 1"
        #expect(save.cursors == [cursor(1, reason)])
        expectNoSave(&roster, "it is under way")
        roster.saved(save, succeeded: false)
        #expect(try begun(&roster).cursors == [cursor(1, reason)])
    }

    @Test func `a save is due after so many deliveries, counted from when it was begun`() throws {
        var roster = roster(trigger())
        let many = (1...TriggerRoster.saveDeliveries).map { set($0, "n/a") }
        play(&roster, many.dropLast(), through: UInt64(many.count - 1))
        #expect(!roster.isSaveDue)
        play(&roster, many, through: UInt64(many.count))
        #expect(roster.isSaveDue)
        let save = try begun(&roster)
        #expect(!roster.isSaveDue)
        let more = many.map { set($0.index.rawValue + 1_000, "n/a") }
        play(&roster, more, through: 2_000)
        roster.saved(save, succeeded: true)
        #expect(roster.isSaveDue)
    }

    @Test func `a suspension that the cluster does not know of yet outlives a load`() throws {
        var roster = roster(trigger(attempts: 1))
        play(&roster, [set(1, "n/a")], through: 1, failures: ["exit 1"])
        let identifier = roster.identifiers[0]
        roster.load([trigger(attempts: 1)])
        #expect(roster[identifier]?.suspension != nil)
        let save = try begun(&roster)
        roster.load([trigger(attempts: 1)])
        roster.saved(save, succeeded: true)
        #expect(roster[identifier]?.suspension != nil)
        roster.load([trigger(attempts: 1, suspension: save.cursors[0].suspension)])
        #expect(roster[identifier]?.suspension != nil)
        roster.load([trigger(attempts: 1)])
        #expect(roster[identifier] == nil, "it was resumed")
        #expect(roster[roster.identifiers[0]]?.suspension == nil)
    }

    @Test func `a trigger counts as suspended from when the cluster knows of it`() throws {
        var roster = roster(trigger(attempts: 1))
        let identifier = roster.identifiers[0]
        play(&roster, [set(1, "n/a")], through: 1)
        let delivered = try begun(&roster)
        play(&roster, [set(2, "n/b")], through: 2, failures: ["exit 1"])
        #expect(roster.isAnnouncementDue, "the save under way does not tell it")
        roster.saved(delivered, succeeded: true)
        #expect(roster.replicatedSuspension(identifier) == nil)
        let lost = try begun(&roster)
        #expect(!roster.isAnnouncementDue)
        #expect(roster.replicatedSuspension(identifier) == nil)
        roster.saved(lost, succeeded: false)
        #expect(roster.isAnnouncementDue)
        let save = try begun(&roster)
        roster.saved(save, succeeded: true)
        #expect(!roster.isAnnouncementDue)
        #expect(roster.replicatedSuspension(identifier) == save.cursors[0].suspension)
        roster.load([trigger(attempts: 1)])
        #expect(roster.replicatedSuspension(identifier) == nil, "it was resumed")
        roster.load([trigger(attempts: 1, suspension: "a gap")])
        #expect(roster.replicatedSuspension(roster.identifiers[0]) == "a gap")
    }

    @Test func `pre-commit triggers have no runner, and a cleared roster has none`() {
        var roster = TriggerRoster()
        let guarding = RegisteredTrigger(
            definition: TriggerDefinition(name: "g", kind: .preCommit, program: ""),
            deliveredThrough: .zero, suspension: nil)
        roster.load([guarding, trigger()])
        #expect(roster.identifiers.map(\.name) == ["t"])
        let before = roster.identifiers
        roster.clear()
        #expect(roster.identifiers.isEmpty)
        roster.load([trigger()])
        #expect(roster.identifiers != before, "a number is given once")
    }
}
