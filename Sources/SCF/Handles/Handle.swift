import IOBlocking
package import IOCore
package import Identifiers
import Properties

/// A handle: one way to the cluster, and the lock of everything that belongs to it.
///
/// Calls of one handle are made one after another; programs that want more at once make more handles.
/// A handle lives as long as any of its objects.
package final class Handle {
    private enum State {
        case unbound
        case bound(any Cluster)
        case destroyed
    }

    private let lock = Locked(())
    private let connect: ([Address]) throws(Failure) -> any Cluster
    private var state = State.unbound
    private var doorPath: [UInt8]?
    /// What this binding is told, if it asked for anything.
    var notices: Notices?
    /// The index of the last record that the last answer knew of.
    var readIndex = LogIndex.zero
    /// When the cluster was asked last.
    var askedAt = MonotonicTime.zero
    /// What the last look found that has found anything.
    var sighting: Sighting?
    /// What this process has heard of from the cluster that it is bound to; under the lock.
    private(set) var known: KnownIndex
    private let process: (ClusterID?) -> KnownIndex
    let now: () -> MonotonicTime
    /// Counts the bindings: what was set in an earlier one is not set any more.
    private(set) var binding: UInt64 = 0

    /// The version of the interface (`SCF_VERSION`).
    package static let version: UInt = 1

    /// Makes a handle that `connect` binds; throws `versionMismatch`.
    ///
    /// - Parameter known: what this process has heard of from a cluster.
    package init(
        version: UInt, known: @escaping (ClusterID?) -> KnownIndex = KnownIndex.of,
        now: @escaping () -> MonotonicTime = { PollLoop.now },
        connect: @escaping ([Address]) throws(Failure) -> any Cluster
    ) throws(Failure) {
        guard version == Self.version else { throw .versionMismatch }
        process = known
        self.known = known(nil)
        self.now = now
        self.connect = connect
    }

    /// Runs `body` under the handle's lock; not reentrant.
    func locked<Result>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        try lock.withLock { (_: inout Void) throws(Failure) in try body() }
    }

    /// The same where nothing can fail.
    func locked<Result>(_ body: () -> Result) -> Result {
        lock.withLock { (_: inout Void) in body() }
    }

    // MARK: - Binding

    /// Connects (*scf_handle_bind*): `inUse`, `noServer`; `invalidArgument` for a door path that
    /// names no endpoint.
    package func bind(environment: (String) -> String?) throws(Failure) {
        try locked { () throws(Failure) in
            switch state {
            case .bound: throw .inUse
            case .destroyed: throw .handleDestroyed
            case .unbound: break
            }
            guard let endpoints = EndpointList.find(doorPath: doorPath, environment) else {
                throw .noServer
            }
            let cluster = try connect(endpoints)
            if EndpointList.namesNode(doorPath: doorPath, environment) {
                cluster.prefer(endpoints[0])
            }
            state = .bound(cluster)
            known = process(cluster.identity)
            sighting = nil
            binding += 1
        }
    }

    /// Disconnects (*scf_handle_unbind*): `notBound`.
    package func unbind() throws(Failure) {
        try locked { () throws(Failure) in
            try cluster().close()
            endNotices()
            state = .unbound
        }
    }

    /// Disconnects for good (*scf_handle_destroy*); objects of the handle may still be destroyed.
    ///
    /// False where that was done before.
    @discardableResult
    package func destroy() -> Bool {
        locked {
            if case .destroyed = state { return false }
            if case .bound(let cluster) = state { cluster.close() }
            endNotices()
            state = .destroyed
            return true
        }
    }

    /// Ends what waits to be told; who waits lets go of the connection then.
    private func endNotices() {
        guard let notices else { return }
        self.notices = nil
        notices.watch.end()
        if !notices.isAwaited { notices.watch.close() }
    }

    /// Whether `destroy` was called.
    package var isDestroyed: Bool {
        locked {
            if case .destroyed = state { true } else { false }
        }
    }

    /// Whether there is a cluster; under the lock.
    var isBound: Bool {
        if case .bound = state { true } else { false }
    }

    /// Sets or clears (nil) a decoration (*scf_handle_decorate*).
    package func decorate(
        _ name: @autoclosure () throws(Failure) -> String, _ value: Value?
    ) throws(Failure) {
        if let value, value.handle !== self { throw .handleMismatch }
        try locked { () throws(Failure) in
            if case .bound = state { throw .inUse }
            switch try name() {
            case "debug":
                _ = try value?.content(as: .count)
            case "door_path":
                doorPath = try Self.named(value)
            case "zone":
                // There is one zone, whatever it is called.
                _ = try Self.named(value)
            default:
                throw .invalidArgument
            }
        }
    }

    /// A decoration that names something; throws `invalidArgument` for an empty one.
    private static func named(_ value: Value?) throws(Failure) -> [UInt8]? {
        guard let text = try value?.content(as: .astring).text else { return nil }
        guard !text.isEmpty else { throw .invalidArgument }
        return text
    }

    /// The cluster; throws `notBound`; under the lock.
    func cluster() throws(Failure) -> any Cluster {
        guard case .bound(let cluster) = state else { throw .notBound }
        return cluster
    }
}

/// What belongs to a handle: every object of the interface.
package class HandleObject {
    package let handle: Handle

    package init(_ handle: Handle) {
        self.handle = handle
    }

    /// The handle where it has not been destroyed (`scf_*_handle`); throws `handleDestroyed`.
    package func liveHandle() throws(Failure) -> Handle {
        if handle.isDestroyed { throw .handleDestroyed }
        return handle
    }

    /// Throws `handleMismatch` where one of `others` belongs to another handle.
    func requireSameHandle(_ others: HandleObject?...) throws(Failure) {
        for other in others {
            if let other, other.handle !== handle { throw .handleMismatch }
        }
    }
}
