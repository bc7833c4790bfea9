import Properties
import Testing

struct GroupChangeQueueTests {
    private func changed(_ key: String) -> GroupChangeQueue.Change {
        .init(key: key, isCreation: false, isDeletion: false)
    }

    private func created(_ key: String) -> GroupChangeQueue.Change {
        .init(key: key, isCreation: true, isDeletion: false)
    }

    private func deleted(_ key: String) -> GroupChangeQueue.Change {
        .init(key: key, isCreation: false, isDeletion: true)
    }

    private func drain(_ queue: inout GroupChangeQueue) -> [String] {
        var lines: [String] = []
        while let event = queue.next() {
            switch event {
            case .changed(let path): lines.append("~\(path)")
            case .deleted(let path): lines.append("-\(path)")
            case .everything: lines.append("*")
            }
        }
        #expect(queue.isEmpty)
        return lines
    }

    @Test func `a group is told once however often it changed, and again later`() {
        var queue = GroupChangeQueue()
        queue.take([changed("svc:/a/:properties/g/p"), created("svc:/a/:properties/g/q")])
        queue.take([changed("svc:/b:i/:properties/h/p")])
        queue.take([deleted("svc:/a/:properties/g/p")])
        #expect(drain(&queue) == ["~svc:/a/:properties/g", "~svc:/b:i/:properties/h"])
        queue.take([changed("svc:/a/:properties/g/p")])
        #expect(drain(&queue) == ["~svc:/a/:properties/g"])
        #expect(drain(&queue).isEmpty)
    }

    @Test func `a creation is not told, and what is created with it neither`() {
        var queue = GroupChangeQueue()
        queue.take([
            created("svc:/a"), created("svc:/a/:properties/g"), created("svc:/a/:properties/g/p"),
            created("svc:/a/:snapshots/s"),
        ])
        #expect(drain(&queue).isEmpty)
        queue.take([created("svc:/a/:properties/g/q")])
        #expect(drain(&queue) == ["~svc:/a/:properties/g"])
    }

    @Test func `a deletion is told instead of what was changed before it`() {
        var queue = GroupChangeQueue()
        queue.take([changed("svc:/a:i/:properties/g/p"), changed("svc:/b/:properties/g/p")])
        queue.take([
            deleted("svc:/a:i/:properties/g/p"), deleted("svc:/a:i/:properties/g"),
            deleted("svc:/a:i"),
        ])
        #expect(
            drain(&queue) == [
                "~svc:/b/:properties/g", "-svc:/a:i/:properties/g", "-svc:/a:i",
            ])
    }

    @Test func `what is made anew after a deletion and changes is told after it`() {
        var queue = GroupChangeQueue()
        queue.take([deleted("svc:/a/:properties/g")])
        queue.take([created("svc:/a/:properties/g")])
        queue.take([changed("svc:/a/:properties/g/p")])
        #expect(drain(&queue) == ["-svc:/a/:properties/g", "~svc:/a/:properties/g"])
        queue.take([changed("svc:/a/:properties/g/p")])
        queue.take([deleted("svc:/a/:properties/g")])
        queue.take([changed("svc:/a/:properties/g/p")])
        #expect(drain(&queue) == ["-svc:/a/:properties/g", "~svc:/a/:properties/g"])
    }

    @Test func `over the limit, one event stands for all, until it is told`() {
        var queue = GroupChangeQueue(limit: 2)
        for name in ["g", "h", "i", "j"] { queue.take([changed("svc:/a/:properties/\(name)/p")]) }
        #expect(drain(&queue) == ["*"])
        queue.take([changed("svc:/a/:properties/g/p")])
        #expect(drain(&queue) == ["~svc:/a/:properties/g"])
        queue.loseTrack()
        queue.take([changed("svc:/a/:properties/g/p")])
        #expect(drain(&queue) == ["*"])
    }

    @Test func `what was forgotten does not pile up`() {
        var queue = GroupChangeQueue(limit: 2)
        for _ in 0..<100 {
            queue.take([changed("svc:/a/:properties/g/p")])
            queue.take([deleted("svc:/a/:properties/g")])
        }
        #expect(drain(&queue) == ["-svc:/a/:properties/g"])
    }
}
