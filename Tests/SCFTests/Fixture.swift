import Properties
import SCF

/// A handle with objects that are set: `svc:/web:default` and its group `config`.
struct Fixture {
    let handle: Handle
    let scope: Scope
    let service: Service
    let instance: Instance
    let group: Group

    private init(_ handle: Handle) throws(Failure) {
        self.handle = handle
        scope = Scope(handle)
        service = Service(handle)
        instance = Instance(handle)
        group = Group(handle)
        try scope.lookUp(Scope.local)
    }

    /// Makes what the objects are set to.
    static func make(_ cluster: MemoryCluster) throws(Failure) -> Fixture {
        let fixture = try Fixture(cluster.boundHandle())
        try fixture.scope.addService("web", fixture.service)
        try fixture.service.addInstance("default", fixture.instance)
        try fixture.instance.addGroup("config", type: "application", flags: 0, fixture.group)
        return fixture
    }

    /// Looks it up by another handle, of the process that knows what `known` does.
    static func view(
        _ cluster: MemoryCluster, known: KnownIndex? = nil
    ) throws(Failure) -> Fixture {
        let fixture = try Fixture(cluster.boundHandle(known: known))
        try fixture.scope.service("web", fixture.service)
        try fixture.service.instance("default", fixture.instance)
        try fixture.instance.group("config", fixture.group)
        return fixture
    }

    /// A value of a handle.
    func value(_ type: PropertyType, _ text: String) throws(Failure) -> Value {
        let value = Value(handle)
        try value.set(fromString: Array(text.utf8), type: type)
        return value
    }

    /// One whole transaction on the version that `group` shows; false where that is out of date.
    func edit(
        _ action: Entry.Action, _ name: String, _ type: PropertyType?, _ texts: String...
    ) throws(Failure) -> Bool {
        let transaction = Transaction(handle)
        let entry = Entry(handle)
        defer { transaction.reset() }
        try transaction.start(group)
        try transaction.add(entry, action, name, type)
        for text in texts { try entry.add(value(type ?? .astring, text)) }
        return try transaction.commit()
    }

    /// The values of a property as `group` shows it, in their string forms.
    func texts(_ name: String) throws(Failure) -> [String] {
        let property = Property(handle)
        let iterator = Iterator(handle)
        let value = Value(handle)
        try group.property(name, property)
        try iterator.values(of: property)
        var texts: [String] = []
        while try iterator.next(value) {
            texts.append(String(decoding: try value.string(), as: UTF8.self))
        }
        return texts
    }
}

/// The failure of `body`; nil where it succeeds.
func failure<Result>(_ body: () throws(Failure) -> Result) -> Failure? {
    do throws(Failure) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}
