import Identifiers
import Raft

/// The shell of the simulated nodes: steps a core, and performs the effects in order.
extension Cluster {
    func step(
        _ node: NodeID, _ input: Input, history: [FrameDescriptor] = []
    ) {
        let place = place(node)
        guard var core = nodes[place].core else { return }
        var effects: [Effect] = []
        core.step(input, at: now, into: &effects)
        nodes[place].core = core
        var frames: [FrameDescriptor] = []
        if case .message(let message, _) = input, case .appendRequest(let request) = message.body {
            frames = request.frames
        }
        for effect in effects {
            perform(effect, node, frames, history)
        }
        checker.stepped(nodes[place])
        while !deferred.isEmpty {
            let (target, action) = deferred.removeFirst()
            perform(action, target)
        }
    }

    private func perform(_ action: Deferred, _ node: NodeID) {
        switch action {
        case .firstRecord: propose(node)
        case .membership(let membership): propose(node, membership: membership)
        case .input(let input): step(node, input)
        }
    }

    /// Proposes one frame on `node` if it leads.
    func propose(_ node: NodeID, count: UInt32 = 1, membership: Membership? = nil) {
        guard let core = nodes[place(node)].core, core.isLeader else { return }
        nextByteCount += 1
        let frame = FrameDescriptor(
            firstIndex: core.lastPosition.index.next, count: count, term: core.term,
            byteCount: nextByteCount, membership: membership)
        step(node, .propose(frame))
    }

    /// Asks for a read index on `node`; the answer is in its `readResults` under what is returned.
    func read(_ node: UInt64) -> UInt64 {
        nextNonce += 1
        step(NodeID(node), .read(nonce: nextNonce))
        return nextNonce
    }

    func perform(_ event: Event) {
        switch event {
        case .deliver(let envelope):
            guard
                !cuts.contains([min(envelope.from, envelope.to), max(envelope.from, envelope.to)])
            else { return }
            step(
                envelope.to, .message(envelope.message, from: envelope.from),
                history: envelope.history)
        case .flushed(let node, let incarnation):
            flush(node, incarnation)
        }
    }

    private func flush(_ node: NodeID, _ incarnation: Int) {
        let place = place(node)
        guard nodes[place].incarnation == incarnation, nodes[place].isUp else { return }
        nodes[place].isFlushScheduled = false
        guard !nodes[place].isDiskHeld else { return }
        let count = Int.random(in: 1...max(1, nodes[place].disk.pending.count), using: &random)
        var last: WriteID?
        for _ in 0..<count {
            guard let id = nodes[place].disk.completeOne() else { break }
            last = id
            nodes[place].durable = id
            while let first = nodes[place].held.first, first.after <= id {
                nodes[place].held.removeFirst()
                transmit(first.message, from: node, to: first.to)
            }
        }
        if let last { step(node, .durable(last)) }
        endDamage(node)
        installIfIdle(node)
        scheduleFlush(node)
    }

    private func perform(
        _ effect: Effect, _ node: NodeID, _ frames: [FrameDescriptor], _ history: [FrameDescriptor]
    ) {
        let place = place(node)
        switch effect {
        case .writeHardState(let state, let id): write(.hardState(state), id, node)
        case .append(.proposal(let frame), let id): append([frame], id, node)
        case .append(.message(let first), let id): append(Array(frames[first...]), id, node)
        case .truncate(let index, let id):
            nodes[place].log.removeAll { $0.firstIndex > index }
            tell("\(node) forgets what is behind \(index)")
            write(.truncation(after: index), id, node)
        case .send(let message, let to, let after):
            if let after, after > nodes[place].durable {
                nodes[place].held.append((after, to, message))
            } else {
                transmit(message, from: node, to: to)
            }
        case .sendSnapshotChunk(let to, let chunk): sendChunk(chunk, node, to)
        case .storeSnapshotChunk(let request, _): storeChunk(request, node, history)
        case .apply(let index): apply(index, node)
        case .readReady(let nonce, let index):
            nodes[place].readResults[nonce] = .ready(index)
            tell("\(node) may serve read \(nonce) at \(index)")
        case .readFailed(let nonce, let why):
            nodes[place].readResults[nonce] = .failed(why)
            tell("\(node) may not serve read \(nonce): \(why)")
        case .proposeMembership(let new): deferred.append((node, .membership(new)))
        case .refused(let refusal): nodes[place].refusals.append(refusal)
        case .roleChanged(let report): roleChanged(report, node)
        case .setDeadline(let deadline): nodes[place].deadline = deadline
        case .peerViolation(let peer, let text):
            nodes[place].violations.append(text)
            tell("\(node) violation by \(peer): \(text)")
        }
    }

    private func roleChanged(_ report: RoleReport, _ node: NodeID) {
        tell("\(node) \(report.role) t\(report.term)")
        guard report.role == .leader else { return }
        checker.leads(nodes[place(node)], report.term)
        if proposesFirstRecord { deferred.append((node, .firstRecord)) }
    }

    private func append(_ new: [FrameDescriptor], _ id: WriteID, _ node: NodeID) {
        nodes[place(node)].log += new
        write(.frames(new), id, node)
    }

    private func write(_ write: Disk.Write, _ id: WriteID, _ node: NodeID) {
        nodes[place(node)].disk.pending.append((id, write))
        scheduleFlush(node)
    }

    private func apply(_ index: LogIndex, _ node: NodeID) {
        let place = place(node)
        let from = nodes[place].disk.appliedPosition.index
        let new = nodes[place].log.filter { $0.firstIndex > from && $0.lastIndex <= index }
        checker.reads(new, nodes[place])
        nodes[place].disk.applied += new
        checker.applied(nodes[place], through: index)
        tell("\(node) applies \(index)")
        deferred.append((node, .input(.applied(index))))
    }

    /// Compacts everything applied and on disk away.
    func compact(_ node: NodeID) {
        let place = place(node)
        let position = nodes[place].disk.appliedPosition
        guard nodes[place].isUp, position.index > nodes[place].disk.compacted.index,
            nodes[place].disk.pending.isEmpty
        else { return }
        nodes[place].disk.compact(through: position)
        nodes[place].log.removeAll { $0.lastIndex <= position.index }
        tell("\(node) compacts \(position)")
        step(node, .compacted(position))
    }

    // MARK: Snapshots

    private func sendChunk(_ chunk: UInt64, _ node: NodeID, _ to: NodeID) {
        let place = place(node)
        if chunk == 0 {
            let disk = nodes[place].disk
            nodes[place].sending[to] = ClusterNode.PinnedSnapshot(
                position: disk.appliedPosition,
                membership: disk.membership(at: disk.appliedPosition.index), history: disk.applied)
        }
        guard chunk < Self.chunks, let pinned = nodes[place].sending[to],
            let core = nodes[place].core
        else {
            deferred.append((node, .input(.snapshotSendFailed(to))))
            return
        }
        let request = Message.SnapshotRequest(
            snapshot: pinned.position, membership: pinned.membership, chunk: chunk,
            isLast: chunk == Self.chunks - 1, isLent: !core.isLeader)
        transmit(
            Message(term: core.term, body: .snapshotRequest(request)), from: node, to: to,
            history: pinned.history)
    }

    private func storeChunk(
        _ request: Message.SnapshotRequest, _ node: NodeID, _ history: [FrameDescriptor]
    ) {
        let place = place(node)
        if nodes[place].receiving?.position != request.snapshot {
            nodes[place].receiving = ClusterNode.Receiving(
                position: request.snapshot, nextChunk: 0)
        }
        guard let receiving = nodes[place].receiving, receiving.complete == nil else { return }
        guard receiving.nextChunk == request.chunk else {
            deferred.append(
                (
                    node,
                    .input(.snapshotChunkWanted(request.snapshot, chunk: receiving.nextChunk))
                ))
            return
        }
        nodes[place].receiving?.nextChunk += 1
        guard request.isLast else {
            deferred.append(
                (node, .input(.snapshotChunkStored(request.snapshot, chunk: request.chunk))))
            return
        }
        nodes[place].receiving?.complete = ClusterNode.PinnedSnapshot(
            position: request.snapshot, membership: request.membership, history: history)
        installIfIdle(node)
    }

    private func installIfIdle(_ node: NodeID) {
        let place = place(node)
        guard let snapshot = nodes[place].receiving?.complete, nodes[place].disk.pending.isEmpty
        else { return }
        nodes[place].receiving = nil
        guard let core = nodes[place].core,
            snapshot.position.index > nodes[place].disk.appliedPosition.index
        else { return }
        nodes[place].disk.install(snapshot.position, snapshot.history)
        let keeps = core.term(at: snapshot.position.index) == snapshot.position.term
        nodes[place].log.removeAll { !keeps || $0.lastIndex <= snapshot.position.index }
        checker.applied(nodes[place], through: snapshot.position.index)
        tell("\(node) installs \(snapshot.position)")
        deferred.append(
            (node, .input(.snapshotInstalled(snapshot.position, snapshot.membership))))
    }
}
