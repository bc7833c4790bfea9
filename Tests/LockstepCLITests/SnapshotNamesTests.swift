import LockstepCLI
import Properties
import Testing

/// Which snapshots people may take and delete.
@Suite struct SnapshotNamesTests {
    private func path(_ name: String) throws -> SnapshotPath {
        try #require(SnapshotPath(Documents.path("svc:/a/b:i"), name))
    }

    @Test(arguments: ["last-import", "running", "start"])
    func `what imports compare with and what runs is nobody's own`(_ name: String) throws {
        let failure = SnapshotNames.refusal(of: try path(name))
        #expect(failure?.exit == .negative)
        #expect(failure?.text.hasPrefix("\(name) is no name for a snapshot of your own") == true)
    }

    @Test(arguments: ["mine", "initial", "previous", "Running"])
    func `every other snapshot is taken and deleted`(_ name: String) throws {
        #expect(SnapshotNames.refusal(of: try path(name)) == nil)
    }

    @Test func `room is kept for what imports and refreshes take`() throws {
        let own = (0..<(SnapshotContent.nameLimit - SnapshotNames.kept.count)).map { "own\($0)" }
        let next = try path("next")
        #expect(SnapshotNames.refusal(of: next, beside: Array(own.dropLast())) == nil)
        for present in [own, own + ["running"]] {
            let failure = SnapshotNames.refusal(of: next, beside: present)
            #expect(failure?.text.hasPrefix("svc:/a/b:i has 59 snapshots of people's own") == true)
        }
        // Taking one anew needs no room.
        #expect(SnapshotNames.refusal(of: try path("own1"), beside: own) == nil)
    }
}
