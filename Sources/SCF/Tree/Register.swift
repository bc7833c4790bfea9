import Properties

/// An object that shows one thing of the tree, or none: the registers of libscf.
///
/// What it shows was set in one binding of the handle, and is gone with it.
package class Register<Held>: HandleObject {
    private var held: Held?
    private var binding: UInt64 = 0

    /// What it shows: `notBound`, `notSet`; under the lock.
    func current() throws(Failure) -> Held {
        _ = try handle.cluster()
        guard let held, binding == handle.binding else { throw .notSet }
        return held
    }

    /// Shows `value` from now on; under the lock.
    func show(_ value: Held?) {
        held = value
        binding = handle.binding
    }

    /// Runs `body` under the lock to find what `target` is to show, which shows nothing where that fails.
    func find<Found>(
        _ target: Register<Found>?, _ body: () throws(Failure) -> Found
    ) throws(Failure) {
        try requireSameHandle(target)
        try handle.locked { () throws(Failure) in
            target?.show(nil)
            let found = try body()
            target?.show(found)
        }
    }
}

/// A service or an instance as a register shows it.
package struct Entity {
    let path: PropertyPath
    let id: EntityID
}

/// A property of a group as a register shows it.
package struct PropertyView {
    let group: GroupView
    let property: Properties.Property
}
