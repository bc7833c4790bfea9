import IOCore
import Identifiers
import Testing
import WAL

/// A log that has lost segments which nothing in it tells of any more.
@Suite struct SegmentRegisterTests {
    static let path = "data/segments"

    /// A log of three segments, all of whose records are acknowledged and none in the engine.
    private func filled() throws -> LogFixture {
        let fixture = try LogFixture(isRegistered: true)
        while fixture.log.statistics.segments < 3 { try fixture.append(payloadBytes: 900) }
        try fixture.append()
        fixture.log.close()
        return fixture
    }

    private func expectMissing(_ segment: Int, _ fixture: LogFixture) {
        do throws(WALFailure) {
            try fixture.reopen()
            Issue.record("opened with records up to \(fixture.log.lastIndex)")
        } catch {
            guard case .segmentMissing(let file) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(file == LogFixture.path(segment))
        }
    }

    @Test func `a log without its newest segment does not open`() throws {
        let fixture = try filled()
        fixture.disk.lose(LogFixture.path(3))
        expectMissing(3, fixture)
    }

    @Test func `a log without any segment does not begin anew`() throws {
        let fixture = try filled()
        for segment in 1...3 { fixture.disk.lose(LogFixture.path(segment)) }
        expectMissing(3, fixture)
    }

    @Test func `a log of one segment does not begin anew without it`() throws {
        let fixture = try LogFixture(isRegistered: true)
        try fixture.append()
        fixture.disk.lose(LogFixture.path(1))
        expectMissing(1, fixture)
    }

    @Test func `a look at such a log says the same and notes nothing`() throws {
        let fixture = try filled()
        fixture.disk.lose(Self.path)
        func look() throws(WALFailure) -> [String] {
            let register = try LogFixture.register(on: fixture.disk)
            return try WriteAheadLog.open(
                fileSystem: fixture.disk, directory: LogFixture.directory,
                identity: LogFixture.identity, limits: fixture.limits, engineDurable: nil,
                register: register, isLook: true
            ).recovery.notes
        }
        let newest = "is missing or names no segment: \(LogFixture.path(3)) is taken for the newest"
        #expect(try look() == ["\(Self.path) \(newest)"])
        #expect(try !fixture.disk.exists(Self.path))
        try fixture.reopen()
        fixture.disk.lose(LogFixture.path(3))
        #expect(throws: WALFailure.self) { try look() }
    }

    @Test func `a start without the register says so, once, and a first start does not`() throws {
        let fixture = try LogFixture(isRegistered: true)
        #expect(fixture.recovery.notes.isEmpty)
        try fixture.reopen()
        #expect(fixture.recovery.notes.isEmpty)
        // A process that ended before it noted its first segment: nothing is in that.
        fixture.disk.lose(Self.path)
        try fixture.reopen()
        #expect(fixture.recovery.notes.isEmpty)
        try fixture.append()
        fixture.disk.lose(Self.path)
        try fixture.reopen()
        #expect(
            fixture.recovery.notes == [
                "\(Self.path) is missing or names no segment: \(LogFixture.path(1)) is taken for "
                    + "the newest"
            ])
        try fixture.reopen()
        #expect(fixture.recovery.notes.isEmpty)
    }

    @Test func `each segment is noted in the slot that does not hold the last`() throws {
        let fixture = try filled()
        #expect(try LogFixture.register(on: fixture.disk).newest == 3)
        // Segment 3 is in the first slot, as 1 was; torn, it leaves segment 2 in the other.
        fixture.disk.tamper(with: Self.path) { $0[9] ^= 1 }
        #expect(try LogFixture.register(on: fixture.disk).newest == 2)
        try fixture.reopen()
        #expect(try LogFixture.register(on: fixture.disk).newest == 3)
        fixture.disk.tamper(with: Self.path) { $0[4_096 + 9] ^= 1 }
        #expect(try LogFixture.register(on: fixture.disk).newest == 3)
    }

    @Test func `a slot that was misread keeps what it holds`() throws {
        let fixture = try filled()
        // Segment 2 is in the second slot. A start reads it in the first one too, for 3.
        let held = try fixture.disk.open(Self.path, .readOnly).read(at: 0, count: 2 * 4_096)
        fixture.disk.tamper(with: Self.path) { $0.replaceSubrange(0..<4_096, with: held[4_096...]) }
        let register = try LogFixture.register(on: fixture.disk)
        #expect(register.newest == 2)
        fixture.disk.tamper(with: Self.path) { file in
            file.replaceSubrange(0..<4_096, with: held[..<4_096])
        }
        let (log, _) = try WriteAheadLog.open(
            fileSystem: fixture.disk, directory: LogFixture.directory,
            identity: LogFixture.identity, limits: fixture.limits, engineDurable: .zero,
            register: register)
        log.close()
        #expect(try LogFixture.register(on: fixture.disk).newest == 3)
        // Magic, number, incarnation and checksum: 28 bytes.
        let now = try fixture.disk.open(Self.path, .readOnly).read(at: 0, count: 28)
        #expect(now == Array(held[..<28]))
    }

    @Test func `what another incarnation noted counts for nothing`() throws {
        let fixture = try filled()
        let register = try LogFixture.register(on: fixture.disk, incarnation: Incarnation(5))
        #expect(register.newest == 0)
    }

    @Test func `a segment is noted without a descriptor to be had`() throws {
        let fixture = try LogFixture(isRegistered: true)
        _ = try fixture.log.prepareSpare()
        try fixture.reopen()
        fixture.disk.setWithoutDescriptor(for: Self.path)
        while fixture.log.statistics.segments < 2 { try fixture.append(payloadBytes: 900) }
        fixture.disk.setWithoutDescriptor(for: nil)
        #expect(try LogFixture.register(on: fixture.disk).newest == 2)
    }

    @Test(arguments: [true, false])
    func `where there is no register and none can be made, the start waits with the first write`(
        _ isFull: Bool
    ) throws {
        let fixture = try filled()
        let acknowledged = fixture.log.lastIndex
        fixture.disk.lose(Self.path)
        if isFull {
            fixture.disk.setCapacity(fixture.disk.usedBytes)
        } else {
            fixture.disk.setWithoutDescriptor(for: Self.path)
        }
        try fixture.reopen()
        #expect(fixture.log.lastIndex == acknowledged)
        for _ in 0..<2 {
            #expect { try fixture.append() } throws: {
                let failure = $0 as? WALFailure
                return isFull ? failure?.isDiskFull == true : failure?.lacksDescriptors == true
            }
            let vote = WriteAheadLog.VotingState(term: Term(9), vote: NodeID(1))
            #expect(throws: WALFailure.self) {
                try fixture.log.write(.init(voting: vote, records: []))
            }
        }
        fixture.disk.setCapacity(.max)
        fixture.disk.setWithoutDescriptor(for: nil)
        try fixture.append()
        #expect(try LogFixture.register(on: fixture.disk).newest == 3)
        fixture.disk.crash()
        #expect(try LogFixture.register(on: fixture.disk).newest == 3)
    }

    @Test func `an unreadable slot is borne where the log has what it can name at most`() throws {
        let fixture = try filled()
        // Segment 2 is in the second slot, which is readable; segment 3 is there.
        fixture.disk.makeUnreadable(Self.path, 0..<4_096)
        try fixture.reopen()
        fixture.disk.makeUnreadable(Self.path, 0..<0)
        #expect(try LogFixture.register(on: fixture.disk).newest == 3)
        // Now the second slot, which could name segment 4 as well as 2.
        fixture.disk.makeUnreadable(Self.path, 4_096..<8_192)
        #expect {
            try fixture.reopen()
        } throws: {
            "\($0)".hasPrefix("\(Self.path) cannot be read at byte 4096: it may name")
        }
    }

    @Test func `an unreadable slot beside one that is empty or unreadable is not borne`() throws {
        let fixture = try LogFixture(isRegistered: true)
        try fixture.append()
        for slots in [0..<4_096, 0..<8_192] {
            fixture.disk.makeUnreadable(Self.path, slots)
            #expect(throws: WALFailure.self) { try fixture.reopen() }
        }
    }

    @Test func `a register whose making was cut short is made durable at the next start`() throws {
        let fixture = try filled()
        fixture.disk.lose(Self.path)
        // Made, and neither filled nor durable by name.
        _ = try fixture.disk.open(Self.path, .create)
        try fixture.reopen()
        fixture.disk.crash()
        #expect(try LogFixture.register(on: fixture.disk).newest == 3)
    }

    @Test func `whatever ends a write, what is noted is there`() throws {
        // Fails at each change in turn, crashes, and opens what is left.
        for failing in 1...200 {
            let fixture = try LogFixture(isRegistered: true)
            fixture.disk.failChange(after: failing)
            var isStopped = false
            do throws(WALFailure) {
                while fixture.log.statistics.segments < 3 { try fixture.append(payloadBytes: 900) }
            } catch {
                isStopped = true
            }
            fixture.log.close()
            fixture.disk.crash()
            let left = try LogFixture(disk: fixture.disk, isRegistered: true)
            #expect(left.recovery.damage.isEmpty, "failing at change \(failing)")
            guard isStopped else { return }
        }
        Issue.record("200 changes make no three segments")
    }
}
