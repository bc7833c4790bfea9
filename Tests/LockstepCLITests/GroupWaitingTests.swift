import Lockstep
import LockstepCLI
import Testing

/// Which events end a wait.
@Suite struct GroupWaitingTests {
    @Test(arguments: [
        (GroupEvent.changed("svc:/a/b:c/:properties/g"), "svc:/a/b:c/:properties/g", true),
        (.changed("svc:/a/b:c/:properties/gg"), "svc:/a/b:c/:properties/g", false),
        (.changed("svc:/a/b:c/:properties/g"), "svc:/a/b:c", true),
        (.changed("svc:/a/b:cc/:properties/g"), "svc:/a/b:c", false),
        (.changed("svc:/a/b:c/:properties/g"), "svc:/a/b", true),
        (.changed("svc:/a/bb/:properties/g"), "svc:/a/b", false),
        (.changed("svc:/a/b/:properties/g"), "svc:/a/b:c", false),
        (.deleted("svc:/a/b:c"), "svc:/a/b:c/:properties/g", true),
        (.deleted("svc:/a/b"), "svc:/a/b:c/:properties/g", true),
        (.deleted("svc:/a/b:d"), "svc:/a/b:c/:properties/g", false),
        (.deleted("svc:/a/b:c/:properties/g"), "svc:/a/b:c", true),
        (.everything, "svc:/a/b:c", true),
    ])
    func `a wait is for what is named and what is below`(
        _ event: GroupEvent, _ path: String, _ ends: Bool
    ) {
        #expect(GroupWaiting.concerns(event, ["svc:/other", path]) == ends)
    }
}
