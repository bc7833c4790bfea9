import Identifiers
import Properties
import PropertyStorage
import Transactions

extension Transaction {
    /// Sets a property, whatever it was: its path is `svc:/service[:instance]/:properties/group/name`.
    ///
    /// With `groupType`, the service, instance and group are made if they are missing. With `base`,
    /// the transaction aborts unless the group is at that version. Throws `invalidArgument` for a
    /// path that names no property and for values that do not fit the type.
    public mutating func setProperty(
        _ path: String, type: PropertyType, values: [PropertyValue],
        groupType: String? = "application", base: GroupVersion? = nil
    ) throws(LockstepError) {
        let place = try Self.path(path, "a property") { $0.property != nil }
        let stored = values.map(\.stored)
        guard let content = PropertyContent(type: type.stored, values: stored) else {
            throw .invalidArgument("the values of \(path) are no values of type \(type.rawValue)")
        }
        let operation = PropertyOperation.setProperty(
            place, to: content, base: base?.stored,
            creation: groupType.map { GroupCreation(type: $0) })
        steps.append(operation.step)
    }

    /// Deletes a property; the transaction aborts with `notFound` if there is none.
    public mutating func deleteProperty(
        _ path: String, base: GroupVersion? = nil
    ) throws(LockstepError) {
        let place = try Self.path(path, "a property") { $0.property != nil }
        steps.append(PropertyOperation.deleteProperty(place, base: base?.stored).step)
    }

    /// Makes an empty group of a service or instance that is there.
    public mutating func addGroup(
        _ path: String, type: String, isPersistent: Bool = true
    ) throws(LockstepError) {
        let place = try Self.path(path, "a property group") {
            $0.group != nil && $0.property == nil
        }
        let creation = GroupCreation(type: type, isPersistent: isPersistent)
        steps.append(PropertyOperation.addGroup(place, ownerID: nil, creation).step)
    }

    /// Makes a service or an instance.
    public mutating func addEntity(_ path: String) throws(LockstepError) {
        let place = try Self.path(path, "a service or instance") { $0.group == nil }
        let operation: PropertyOperation =
            place.instance == nil ? .addService(place) : .addInstance(place, serviceID: nil)
        steps.append(operation.step)
    }

    /// Deletes a service without instances, an instance or a group, with all below it.
    public mutating func deleteEntity(_ path: String) throws(LockstepError) {
        let place = try Self.path(path, "a service, instance or group") { $0.property == nil }
        steps.append(PropertyOperation.delete(place, id: nil).step)
    }

    /// Aborts unless a group was last changed by the transaction with index `version`, as it stands
    /// before the first step.
    public mutating func expectGroup(
        _ path: String, at version: UInt64
    ) throws(LockstepError) {
        expectations.append(
            .keyAtVersion(
                store: .properties, key: try Self.groupKey(path), version: LogIndex(version)))
    }

    /// Aborts if there is such a group before the first step.
    public mutating func expectNoGroup(_ path: String) throws(LockstepError) {
        expectations.append(.keyAbsent(store: .properties, key: try Self.groupKey(path)))
    }

    private static func groupKey(_ path: String) throws(LockstepError) -> [UInt8] {
        let place = try Self.path(path, "a property group") {
            $0.group != nil && $0.property == nil
        }
        return Array(PropertyKeys.key(place).dropFirst())
    }

    /// Reads a path and checks what it names.
    static func path(
        _ text: String, _ what: String, _ fits: (PropertyPath) -> Bool
    ) throws(LockstepError) -> PropertyPath {
        guard let path = PropertyPath(text), fits(path) else {
            throw .invalidArgument(
                "\(text) does not name \(what); "
                    + "write svc:/service[:instance][/:properties/group[/property]]")
        }
        return path
    }
}
