import Properties

/// The states that an instance may be in (`SCF_STATE_…`).
package struct InstanceStates: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package static let uninitialized = InstanceStates(rawValue: 0x1)
    package static let maintenance = InstanceStates(rawValue: 0x2)
    package static let offline = InstanceStates(rawValue: 0x4)
    package static let disabled = InstanceStates(rawValue: 0x8)
    package static let online = InstanceStates(rawValue: 0x10)
    package static let degraded = InstanceStates(rawValue: 0x20)

    /// The state of that name (`SCF_STATE_STRING_…`); an instance without one is uninitialized.
    init(named name: String?) {
        self =
            switch name {
            case "maintenance": .maintenance
            case "offline": .offline
            case "disabled": .disabled
            case "online": .online
            case "degraded": .degraded
            default: .uninitialized
            }
    }
}

extension Handle {
    /// Shows `body` each instance whose state, `restarter/state`, is one of `states`.
    ///
    /// An instance that is deleted meanwhile is left out; states that are none are not looked at.
    /// `callbackFailed` where `body` answers false.
    package func walkInstances(
        in states: InstanceStates, _ body: (Instance) -> Bool
    ) throws(Failure) {
        let (scope, service, instance) = (Scope(self), Service(self), Instance(self))
        let (services, instances) = (Iterator(self), Iterator(self))
        try scope.lookUp(Scope.local)
        try services.services(of: scope)
        while try services.next(service) {
            do throws(Failure) {
                try instances.instances(of: service)
            } catch {
                if error == .deleted { continue }
                throw error
            }
            while try isThere(next: instance, in: instances) {
                guard let state = try state(of: instance), states.contains(state) else { continue }
                guard body(instance) else { throw .callbackFailed }
            }
        }
    }

    /// Goes on to the next instance; false at the end, and where their service is gone.
    private func isThere(
        next instance: Instance, in instances: Iterator
    ) throws(Failure) -> Bool {
        do throws(Failure) {
            return try instances.next(instance)
        } catch {
            if error == .deleted { return false }
            throw error
        }
    }

    /// The state of an instance; nil where it is gone.
    private func state(of instance: Instance) throws(Failure) -> InstanceStates? {
        let (group, property, value) = (Group(self), Property(self), Value(self))
        do throws(Failure) {
            try instance.group("restarter", group)
            try group.property("state", property)
            try property.value(value)
            return InstanceStates(named: String(decoding: try value.string(), as: UTF8.self))
        } catch {
            switch error {
            case .notFound, .constraintViolated: return .uninitialized
            case .deleted: return nil
            default: throw error
            }
        }
    }
}
