import Lockstep

/// Compares what the clients were told with what the cluster holds in the end.
struct Verification {
    struct Findings {
        /// Acknowledged and not in the change feed.
        var lost: [String] = []
        /// In the change feed more than once.
        var twice: [String] = []
        /// In the change feed although the client was told that it was not executed.
        var executedThoughRefused: [String] = []
        /// In the change feed at another index than was acknowledged, or out of order.
        var misplaced: [String] = []
        /// Properties whose value is not the one of their last change.
        var wrongValues: [String] = []
        /// Nodes whose digest differs.
        var differingNodes: [String] = []
        var unknownExecuted = 0
        /// Acknowledged before the oldest change set that is retained.
        var beyondHistory = 0
        var feedLength = 0

        var isClean: Bool {
            lost.isEmpty && twice.isEmpty && executedThoughRefused.isEmpty && misplaced.isEmpty
                && wrongValues.isEmpty && differingNodes.isEmpty
        }
    }

    let cluster: TestCluster
    let client: LockstepClient
    let ledger: Ledger.State
    let patience: Duration

    /// Waits until all nodes hold the same, then looks at everything.
    func run() async throws(TortureFailure) -> Findings {
        var findings = Findings()
        do throws(LockstepError) {
            try await compareDigests(&findings)
            try await readFeed(&findings)
        } catch {
            throw TortureFailure("the verification failed: \(error)")
        }
        return findings
    }

    // MARK: - Nodes

    private func compareDigests(_ findings: inout Findings) async throws(LockstepError) {
        let mark = try await client.markDigest(timeout: patience)
        let time = Patience(patience, cluster)
        for node in cluster.nodes {
            var answer: Result<StateDigest, LockstepError>
            repeat {
                do throws(LockstepError) {
                    answer = .success(
                        try await client.digest(
                            of: cluster.endpoint(node), at: mark.index, timeout: .seconds(5)))
                } catch {
                    answer = .failure(error)
                    await pause(.milliseconds(100))
                }
                if case .success = answer { break }
            } while !time.isOver && !Interruption.isRequested
            switch answer {
            case .success(let digest) where digest == mark: break
            case .success(let digest):
                findings.differingNodes.append(
                    "node \(node): \(digest.digest) at \(digest.index), not \(mark.digest) at "
                        + "\(mark.index)")
            case .failure(let error):
                findings.differingNodes.append("node \(node) has no digest: \(error)")
            }
        }
    }

    // MARK: - Changes

    /// What the feed holds of one write.
    private struct Sighting {
        var index: UInt64
        var times: Int
    }

    private func readFeed(_ findings: inout Findings) async throws(LockstepError) {
        var sentinel = Transaction()
        try sentinel.setProperty(
            "svc:/torture/end/:properties/state/count", type: .count, values: [.count(1)])
        sentinel.setNote(Workload.noteName, to: Array("end".utf8))
        let end = try await client.commit(sentinel, timeout: patience)
        var first: UInt64 = 1
        var seen: [[Sighting?]] = ledger.writes.map { Array(repeating: nil, count: $0.count) }
        var last: [Int?] = Array(repeating: nil, count: ledger.writes.count)
        while true {
            do throws(LockstepError) {
                try await readFeed(from: first, through: end.index, &seen, &last, &findings)
                break
            } catch .historyLost(let retained) where retained > first {
                first = retained
            }
        }
        compare(seen, from: first, &findings)
        for (client, place) in last.enumerated() {
            let expected = place.map { ledger.writes[client][$0].value }
            let value = try await Workload.count(of: client, by: self.client, timeout: patience)
            if let expected, value != expected {
                findings.wrongValues.append("client \(client): \(value), not \(expected)")
            } else if value < acknowledgedValue(client) {
                findings.wrongValues.append(
                    "client \(client): \(value), below \(acknowledgedValue(client))")
            }
        }
    }

    private func acknowledgedValue(_ client: Int) -> UInt64 {
        ledger.writes[client].compactMap { write -> UInt64? in
            if case .acknowledged = write.fate { write.value } else { nil }
        }.max() ?? 0
    }

    private func readFeed(
        from first: UInt64, through end: UInt64, _ seen: inout [[Sighting?]], _ last: inout [Int?],
        _ findings: inout Findings
    ) async throws(LockstepError) {
        var previous: UInt64 = 0
        for try await set in try client.watch(from: .index(first)) {
            findings.feedLength += 1
            if set.index <= previous {
                findings.misplaced.append("change set \(set.index) came after \(previous)")
            }
            previous = set.index
            note(set, &seen, &last, &findings)
            if set.index >= end { return }
        }
        throw .outcomeUnknown("the change feed ended at \(previous), before \(end)")
    }

    private func note(
        _ set: ChangeSet, _ seen: inout [[Sighting?]], _ last: inout [Int?],
        _ findings: inout Findings
    ) {
        guard let note = set.properties.first(where: { $0.name == Workload.noteName }) else {
            return
        }
        let parts = String(decoding: note.value, as: UTF8.self).split(separator: "/")
        guard parts.count == 2, let client = Int(parts[0]), let sequence = Int(parts[1]),
            seen.indices.contains(client), seen[client].indices.contains(sequence)
        else { return }
        var sighting = seen[client][sequence] ?? Sighting(index: set.index, times: 0)
        sighting.times += 1
        seen[client][sequence] = sighting
        if let before = last[client], before > sequence {
            findings.misplaced.append("write \(client)/\(sequence) came after \(client)/\(before)")
        }
        last[client] = sequence
    }

    private func compare(
        _ seen: [[Sighting?]], from first: UInt64, _ findings: inout Findings
    ) {
        for (client, writes) in ledger.writes.enumerated() {
            for (sequence, write) in writes.enumerated() {
                let sighting = seen[client][sequence]
                let name = "\(client)/\(sequence)"
                if let sighting, sighting.times > 1 {
                    findings.twice.append("\(name): \(sighting.times) times")
                }
                switch (write.fate, sighting) {
                case (.acknowledged(let index), nil) where index < first:
                    findings.beyondHistory += 1
                case (.acknowledged(let index), nil):
                    findings.lost.append("\(name), acknowledged at \(index)")
                case (.acknowledged(let index), let sighting?) where sighting.index != index:
                    findings.misplaced.append("\(name): at \(sighting.index), told \(index)")
                case (.refused, _?):
                    findings.executedThoughRefused.append(name)
                case (.unknown, _?), (.underway, _?):
                    findings.unknownExecuted += 1
                case (.acknowledged, _?), (.refused, nil), (.unknown, nil), (.underway, nil): break
                }
            }
        }
    }
}
