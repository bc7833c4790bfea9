import Codec
import IOCore
import Identifiers
import Raft
import WAL

/// Messages to one peer that wait for frames to be read from the log.
struct Outbox {
    var messages: [Message] = []
}

extension Replica {
    /// Sends now, unless an earlier message to the same peer still waits for its frames.
    ///
    /// Where too many wait it is dropped, as if lost on the way: a leader that finds out anew where the
    /// logs agree sends what may be under way already, and it may do so again and again while the disk
    /// is slow.
    func send(_ message: Message, to node: NodeID) {
        if case .appendRequest(let request) = message.body {
            rounds.sends(request.readNonce, in: message.term, at: loop.now)
        }
        if !outboxes.isEmpty, let waiting = outboxes[node]?.messages.count {
            if waiting < 2 * settings.limits.inflightAppendsPerPeer {
                outboxes[node]?.messages.append(message)
            }
            return
        }
        guard let frames = cachedFrames(of: message) else {
            outboxes[node] = Outbox(messages: [message])
            readFrames(for: node)
            return
        }
        transmit(message, frames, to: node)
    }

    private func transmit(_ message: Message, _ frames: [SealedFrame], to node: NodeID) {
        let buffers = PeerMessage(message: message, frames: frames).encoded()
        _ = resources.transport.send(buffers, to: node)
    }

    /// The sealed frames of an append request (none for others); nil where one is not in memory.
    private func cachedFrames(of message: Message) -> [SealedFrame]? {
        guard case .appendRequest(let request) = message.body else { return [] }
        var frames: [SealedFrame] = []
        frames.reserveCapacity(request.frames.count)
        for descriptor in request.frames {
            guard let frame = cache[firstIndex: descriptor.firstIndex],
                frame.header.term == descriptor.term
            else { return nil }
            frames.append(frame)
        }
        return frames
    }

    private func readFrames(for node: NodeID) {
        guard let message = outboxes[node]?.messages.first,
            case .appendRequest(let request) = message.body, let first = request.frames.first
        else { return }
        let bytes = request.frames.reduce(0) { $0 + Int($1.byteCount) }
        readLog(from: first.firstIndex, maximumBytes: bytes) { [unowned self] result in
            switch result {
            case .success(let frames):
                framesRead(frames, for: node)
            case .failure(let failure):
                framesRead([], for: node)
                if case .damaged(let range) = failure { damageFound([range]) }
            }
        }
    }

    private func framesRead(_ frames: [SealedFrame], for node: NodeID) {
        guard var outbox = outboxes.removeValue(forKey: node), !outbox.messages.isEmpty else {
            return
        }
        let message = outbox.messages.removeFirst()
        guard case .appendRequest(let request) = message.body else { return }
        let wanted = Array(frames.prefix(request.frames.count))
        let fits =
            wanted.count == request.frames.count
            && zip(wanted, request.frames).allSatisfy {
                $0.header.firstIndex == $1.firstIndex && $0.header.term == $1.term
            }
        if fits {
            transmit(message, wanted, to: node)
        }
        // Frames that are gone (compacted or truncated meanwhile) are a lost message: the peer's
        // answer to the next one, or a time-out, brings the core back in step.
        while let next = outbox.messages.first {
            guard let frames = cachedFrames(of: next) else {
                outboxes[node] = outbox
                readFrames(for: node)
                return
            }
            outbox.messages.removeFirst()
            transmit(next, frames, to: node)
        }
    }
}
