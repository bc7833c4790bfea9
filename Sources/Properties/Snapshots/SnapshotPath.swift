/// The name of a snapshot of an instance; written `svc:/service:instance/:snapshots/name`.
///
/// Every name is valid (`NameRules`).
package struct SnapshotPath: Hashable, Sendable, CustomStringConvertible {
    package let instance: PropertyPath
    package let name: String

    /// A name of `instance`; nil where it is none, or where `instance` is no instance.
    package init?(_ instance: PropertyPath, _ name: String) {
        guard instance.instance != nil, instance.group == nil,
            NameRules.isValid(name, as: .snapshot)
        else { return nil }
        self.init(checked: instance, name)
    }

    /// A name that has been checked.
    package init(checked instance: PropertyPath, _ name: String) {
        self.instance = instance
        self.name = name
    }

    package var description: String {
        "\(instance)/:snapshots/\(name)"
    }
}

/// Where in a snapshot a group was: its instance, or the service above it.
package enum SnapshotLevel: UInt8, Sendable, CaseIterable, CustomStringConvertible {
    case instance = 0
    case service = 1

    package var description: String {
        switch self {
        case .instance: "instance"
        case .service: "service"
        }
    }
}
