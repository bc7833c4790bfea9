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
        /// Acknowledged before the oldest change set that is retained, and seen before that one was it.
        var seenEarlier = 0
        /// Acknowledged before the oldest change set that is retained, and never seen: nothing is known
        /// of these.
        var unseen: [String] = []
        var feedLength = 0

        var isClean: Bool {
            lost.isEmpty && twice.isEmpty && executedThoughRefused.isEmpty && misplaced.isEmpty
                && wrongValues.isEmpty && differingNodes.isEmpty && unseen.isEmpty
        }
    }

    let cluster: TestCluster
    let client: LockstepClient
    let ledger: Ledger.State
    /// What of the feed was seen while the run went on.
    let followed: LedgerReading
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

    private func readFeed(_ findings: inout Findings) async throws(LockstepError) {
        var sentinel = Transaction()
        try sentinel.setProperty(
            "svc:/torture/end/:properties/state/count", type: .count, values: [.count(1)])
        sentinel.setNote(Workload.noteName, to: Array("end".utf8))
        let end = try await client.commit(sentinel, timeout: patience)
        var first: UInt64 = 1
        var reading: LedgerReading?
        while reading == nil {
            do throws(LockstepError) {
                reading = try await read(from: first, through: end.index)
            } catch {
                guard case .historyLost(let retained) = error, retained > first else { throw error }
                first = retained
            }
        }
        guard let reading else { return }
        findings.feedLength = reading.length
        findings.misplaced += followed.misplaced + reading.misplaced
        compare(reading, from: first, &findings)
        for (client, place) in reading.last.enumerated() {
            let writes = ledger.writes[client]
            let expected = place.flatMap { writes.indices.contains($0) ? writes[$0].value : nil }
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

    /// Reads the feed up to an index that is committed; throws as well where nothing comes for the
    /// whole patience.
    private func read(
        from first: UInt64, through end: UInt64
    ) async throws(LockstepError) -> LedgerReading {
        let client = client
        let patience = patience
        let clients = ledger.writes.count
        return try await withStallGuard(patience) { pulse throws(LockstepError) in
            var reading = LedgerReading(clients: clients)
            for try await set in try client.watch(from: .index(first)) {
                pulse.beat()
                reading.note(set)
                if set.index >= end { return reading }
            }
            throw .outcomeUnknown(
                "the change feed ended at \(reading.through), before \(end), or nothing came for "
                    + "\(patience)")
        }
    }

    private func compare(
        _ reading: LedgerReading, from first: UInt64, _ findings: inout Findings
    ) {
        for (client, writes) in ledger.writes.enumerated() {
            for (sequence, write) in writes.enumerated() {
                let late = reading.sighting(client, sequence)
                let early = followed.sighting(client, sequence)
                let name = "\(client)/\(sequence)"
                if let times = [late?.times, early?.times].compactMap({ $0 }).max(), times > 1 {
                    findings.twice.append("\(name): \(times) times")
                } else if let late, let early, late.index != early.index {
                    findings.twice.append("\(name): at \(early.index) and \(late.index)")
                }
                // What was seen once and is gone again counts only where the feed begins behind it.
                let sighting = late ?? early.flatMap { $0.index < first ? $0 : nil }
                if late == nil, sighting != nil { findings.seenEarlier += 1 }
                switch (write.fate, sighting) {
                case (.acknowledged(let index), nil) where index < first:
                    findings.unseen.append("\(name), acknowledged at \(index)")
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
