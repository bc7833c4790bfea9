import Codec
import Identifiers
import Transactions
import Wire

/// One of every message, with the bytes it must have for as long as version 1 is spoken.
///
/// All have the request id 0x01020304. Spaces part length, kind, request id and body.
enum Samples {
    static let identifier = RequestID(0x0102_0304)

    static let status = {
        var status = NodeStatus(
            node: NodeID(1), cluster: ClusterID(Bits128(high: 3, low: 4)),
            incarnation: Incarnation(5), role: .leader)
        status.disk = .hung
        status.term = Term(6)
        status.leader = NodeID(1)
        status.leaderClientAddress = "h:1"
        status.version = "1"
        status.commitIndex = LogIndex(10)
        status.appliedIndex = LogIndex(9)
        status.durableIndex = LogIndex(11)
        status.firstLogIndex = LogIndex(2)
        status.lastLogIndex = LogIndex(12)
        status.featureLevel = 1
        status.logBytes = 13
        status.appendedBytes = 12
        status.rawBytes = 14
        status.storedBytes = 15
        status.sessions = 16
        status.connections = 17
        status.engineBytes = 18
        status.damage = [
            DamageStatus(
                first: LogIndex(21), last: LogIndex(22), place: "/data/log/segment-1 at byte 4096")
        ]
        status.memoryBytes = 19
        status.uptimeMilliseconds = 20
        status.triggers = [
            TriggerStatus(
                name: "t", deliveredThrough: LogIndex(8), lagRecords: 1, state: .suspended("s")),
            TriggerStatus(
                name: "u", deliveredThrough: LogIndex(9), lagRecords: 0, state: .failing("f")),
            TriggerStatus(
                name: "v", deliveredThrough: LogIndex(9), lagRecords: 0, state: .running),
        ]
        var member = MemberStatus(
            node: NodeID(2), incarnation: nil, peerAddress: "p", clientAddress: "c",
            role: .learner)
        member.matchIndex = LogIndex(7)
        member.lagRecords = 5
        member.lastHeardMilliseconds = 0
        status.members = [member]
        status.notice = "w"
        return status
    }()

    static let requests: [(Request, String)] = [
        (
            .openSession(timeToLiveMilliseconds: 60_000, description: "cli"),
            "0c000000 01 04030201 e0d40303636c69"
        ),
        (
            .submit(
                Submission(
                    origin: Origin(
                        session: SessionID(300), sequence: SequenceNumber(7),
                        acknowledgedThrough: SequenceNumber(5)), wantsChanges: true,
                    transaction: [1, 2, 3])),
            "0e000000 02 04030201 ac0207050103010203"
        ),
        (
            .keepAlive(SessionID(300)),
            "07000000 03 04030201 ac02"
        ),
        (
            .closeSession(SessionID(300)),
            "07000000 04 04030201 ac02"
        ),
        (
            .read(ReadRequest(store: .properties, kind: 2, body: [9], consistency: .linearizable)),
            "0b000000 05 04030201 100200000109"
        ),
        (
            .read(
                ReadRequest(
                    store: .triggers, kind: 1, body: [],
                    consistency: .stale(maximalLagMilliseconds: 500))),
            "0b000000 05 04030201 500101f40300"
        ),
        (
            .read(ReadRequest(store: .properties, kind: 2, body: [9], consistency: .local)),
            "0b000000 05 04030201 100202000109"
        ),
        (
            .watch(WatchRequest(start: .now, credit: 256)),
            "0c000000 06 04030201 00000080020000"
        ),
        (
            .watch(
                WatchRequest(
                    start: .from(LogIndex(1_000)), stores: [.properties, .spaces],
                    keyPrefixes: ["svc:/a"], includesAborted: true, credit: 1)),
            "15000000 06 04030201 01e807010102104001067376633a2f61"
        ),
        (
            .watchCredit(changeSets: 128),
            "07000000 07 04030201 8001"
        ),
        (
            .watchCancel,
            "05000000 08 04030201"
        ),
        (
            .status,
            "05000000 09 04030201"
        ),
        (
            .stateDigest(at: nil),
            "07000000 0a 04030201 0000"
        ),
        (
            .stateDigest(at: LogIndex(70_000)),
            "09000000 0a 04030201 01f0a204"
        ),
        (
            .memberAdd(NodeID(4), peerAddress: "10.0.0.4:7001", clientAddress: "10.0.0.4:7000"),
            "22000000 10 04030201 040d31302e302e302e343a373030310d31302e302e302e343a37303030"
        ),
        (
            .memberRemove(NodeID(4)),
            "06000000 11 04030201 04"
        ),
        (
            .memberPromote(NodeID(4)),
            "06000000 12 04030201 04"
        ),
        (
            .transfer(to: nil),
            "06000000 13 04030201 00"
        ),
        (
            .transfer(to: NodeID(2)),
            "06000000 13 04030201 02"
        ),
        (
            .snapshot,
            "05000000 14 04030201"
        ),
        (
            .verify,
            "05000000 15 04030201"
        ),
        (
            .logFrames(from: LogIndex(300), count: 9),
            "08000000 16 04030201 ac0209"
        ),
    ]

    static let responses: [(Response, String)] = [
        (
            .sessionOpened(SessionID(300)),
            "07000000 81 04030201 ac02"
        ),
        (
            .outcome([1, 2], changes: nil),
            "09000000 82 04030201 02010200"
        ),
        (
            .outcome([1, 2], changes: [3]),
            "0b000000 82 04030201 020102010103"
        ),
        (
            .done(LogIndex(300)),
            "07000000 83 04030201 ac02"
        ),
        (
            .readResult(applied: LogIndex(5), [8, 9]),
            "09000000 84 04030201 05020809"
        ),
        (
            .readAborted(applied: LogIndex(5), .notFound, message: "no"),
            "0a000000 85 04030201 0503026e6f"
        ),
        (
            .watchStarted(first: LogIndex(12)),
            "06000000 86 04030201 0c"
        ),
        (
            .changeSets(through: LogIndex(14), [[1], [2, 3]]),
            "0c000000 87 04030201 0e020101020203"
        ),
        (
            .watchEnded(.retentionPassed(firstRetained: LogIndex(900))),
            "08000000 88 04030201 018407"
        ),
        (
            .watchEnded(.followerLost("no leader")),
            "10000000 88 04030201 02096e6f206c6561646572"
        ),
        (
            .watchEnded(.cancelled),
            "07000000 88 04030201 0300"
        ),
        (
            .watchEnded(.stopping),
            "07000000 88 04030201 0400"
        ),
        (
            .watchEnded(.tooSlow("9 s")),
            "0a000000 88 04030201 0503392073"
        ),
        (
            .status(Samples.status),
            "84000000 89 04030201 010500000000000000030000000000000004000000000000000202060103683a3101310a090b020c010d0c0e0f1011121314030174080102017301750900010166017609000000011516202f646174612f6c6f672f7365676d656e742d31206174206279746520343039360102000000000000000001700163020705010177"
        ),
        (
            .digest(at: LogIndex(6), Bits128(high: 1, low: 2)),
            "16000000 8a 04030201 0601000000000000000200000000000000"
        ),
        (
            .snapshotTaken(applied: LogIndex(9), firstRetained: LogIndex(4), milliseconds: 210),
            "09000000 8b 04030201 0904d201"
        ),
        (
            .verified(Verification(segments: 2, frames: 30, bytes: 4_000, problems: ["bad"])),
            "0e000000 8c 04030201 021ea01f0103626164"
        ),
        (
            .logFrames(
                LogPage(
                    node: NodeID(1), term: Term(3), firstIndex: LogIndex(2),
                    lastIndex: LogIndex(4),
                    frames: [
                        LogFrame(
                            FrameHeader(
                                kind: .entries, codec: .zstd, term: Term(3),
                                firstIndex: LogIndex(2),
                                count: 3, storedBytes: 5, rawBytes: 300, payloadChecksum: 7,
                                previousDigest: .empty,
                                digest: ChainDigest(Bits128(high: 1, low: 2))))
                    ])),
            "21000000 8d 04030201 01030204010103020305ac0201000000000000000200000000000000"
        ),
        (
            .error(.notLeader(node: NodeID(2), clientAddress: "h:1")),
            "0b000000 ff 04030201 010203683a31"
        ),
        (
            .error(.notLeader(node: nil, clientAddress: "")),
            "08000000 ff 04030201 010000"
        ),
        (
            .error(.unavailable(reason: "x", retryAfterMilliseconds: 50)),
            "09000000 ff 04030201 02017832"
        ),
        (
            .error(.noRoom(reason: "x")),
            "09000000 ff 04030201 02017800"
        ),
        (
            .error(.interrupted(reason: "x")),
            "08000000 ff 04030201 030178"
        ),
        (
            .error(.refused(.exists, "x")),
            "09000000 ff 04030201 04030178"
        ),
        (
            .error(.tooLarge(what: "x", size: 3, limit: 2)),
            "0a000000 ff 04030201 0501780302"
        ),
        (
            .error(.sessionExpired(SessionID(300))),
            "08000000 ff 04030201 06ac02"
        ),
        (
            .error(.protocolViolation("x")),
            "08000000 ff 04030201 070178"
        ),
    ]
}
