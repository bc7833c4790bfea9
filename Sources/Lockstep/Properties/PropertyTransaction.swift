import Properties

/// Edits of one group that are gathered step by step and committed together, as libscf has it.
///
/// The states are those of *scf_transaction_create(3SCF)*: `start` takes a transaction that is reset to
/// started, `commit` to committed whether or not it succeeds, and `reset` from anywhere back. An
/// entry that is reset while its transaction is started or committed makes it invalid. The
/// transaction is held against the version that the group showed when it was started; what happens
/// to the group value later does not matter. For one task at a time; where the values of an edit do
/// not come one by one, `LockstepClient.updateGroup` is easier.
public final class PropertyTransaction {
    public enum State: String, Hashable, Sendable, CaseIterable {
        case reset
        case started
        case committed
        case invalid
    }

    /// What became of a commit.
    public enum Result: Hashable, Sendable {
        /// All entries took effect; the group is at this version.
        case committed(GroupVersion)
        /// The group has changed since the version that the transaction began from: update and retry.
        case outOfDate
    }

    public private(set) var state = State.reset
    private var draft: GroupDraft?
    private var entries: [PropertyEntry] = []

    /// A transaction that is reset.
    public init() {}

    /// Begins from the version that `group` shows, be it stale; throws `inUse` unless reset.
    public func start(_ group: PropertyGroup) throws(LockstepError) {
        guard state == .reset else {
            throw .misuse(.inUse, "the transaction is \(state.rawValue), not reset; reset it first")
        }
        let place = try Transaction.path(group.path, "a property group") {
            $0.group != nil && $0.property == nil
        }
        draft = GroupDraft(
            place, groupID: group.identity.stored, base: group.version.stored,
            types: Dictionary(
                group.properties.map { ($0.name, $0.type.stored) },
                uniquingKeysWith: { first, _ in first }))
        state = .started
    }

    /// Adds a property; throws `exists` where the group had it.
    public func addNew(
        _ name: String, type: PropertyType, entry: PropertyEntry
    ) throws(LockstepError) {
        try add(.new, name, type, entry)
    }

    /// Replaces the values of a property of equal type; throws `notFound` or `typeMismatch`.
    public func change(
        _ name: String, type: PropertyType, entry: PropertyEntry
    ) throws(LockstepError) {
        try add(.change, name, type, entry)
    }

    /// Replaces type and values of a property; throws `notFound`.
    public func changeType(
        _ name: String, to type: PropertyType, entry: PropertyEntry
    ) throws(LockstepError) {
        try add(.changeType, name, type, entry)
    }

    /// Deletes a property; throws `notFound`.
    public func delete(_ name: String, entry: PropertyEntry) throws(LockstepError) {
        try add(.delete, name, nil, entry)
    }

    /// Submits all entries; without any, asks whether the group is at the version still.
    ///
    /// Throws `aborted` with `deleted` where the group is gone, even if it was made again.
    public func commit(
        by client: LockstepClient, timeout: Duration? = nil
    ) async throws(LockstepError) -> Result {
        guard state == .started, let draft else {
            throw .misuse(
                .invalidArgument, "the transaction is \(state.rawValue), not started")
        }
        state = .committed
        return try await client.commit(draft, timeout: timeout)
    }

    /// Lets go of all entries, which keep their values.
    public func reset() {
        for entry in entries { entry.transaction = nil }
        entries = []
        draft = nil
        state = .reset
    }

    private func add(
        _ action: GroupDraft.Action, _ name: String, _ type: PropertyType?, _ entry: PropertyEntry
    ) throws(LockstepError) {
        guard state == .started else {
            throw .misuse(.notSet, "the transaction is \(state.rawValue), not started")
        }
        guard entry.transaction == nil else {
            throw .misuse(
                .inUse, "the entry of \(name) is in a transaction already; reset it first")
        }
        try edit { (draft) throws(GroupDraft.Refusal) in
            try draft.add(action, name, type: type?.stored)
        }
        entry.transaction = self
        entry.name = name
        entries.append(entry)
    }

    fileprivate func append(
        _ value: PropertyValue, of type: PropertyType, to name: String
    ) throws(LockstepError) {
        guard state == .started else {
            throw .misuse(.invalidArgument, "the transaction is \(state.rawValue), not started")
        }
        try edit { (draft) throws(GroupDraft.Refusal) in
            try draft.append(value.stored, of: type.stored, to: name)
        }
    }

    fileprivate func lost(_ entry: PropertyEntry) {
        entries.removeAll { $0 === entry }
        state = .invalid
        draft = nil
    }

    private func edit(
        _ body: (inout GroupDraft) throws(GroupDraft.Refusal) -> Void
    ) throws(LockstepError) {
        guard var draft else { preconditionFailure("a started transaction without a draft") }
        do throws(GroupDraft.Refusal) {
            try body(&draft)
        } catch {
            throw LockstepError(error)
        }
        self.draft = draft
    }
}

/// One property's part in a transaction: what happens to it, and its values in order.
public final class PropertyEntry {
    fileprivate weak var transaction: PropertyTransaction?
    fileprivate var name = ""

    /// An entry of no transaction.
    public init() {}

    /// Appends a value of `type`, which must be that of the entry or one below it.
    ///
    /// Throws `notSet` where the entry is in no transaction, `invalidArgument` for an entry that
    /// deletes, `typeMismatch`.
    public func append(_ value: PropertyValue, type: PropertyType) throws(LockstepError) {
        guard let transaction else {
            throw .misuse(.notSet, "the entry is in no transaction")
        }
        try transaction.append(value, of: type, to: name)
    }

    /// Leaves the transaction, which becomes invalid.
    public func reset() {
        transaction?.lost(self)
        transaction = nil
        name = ""
    }
}

extension LockstepError {
    /// The refusal of an edit in the words of the client library.
    init(_ refusal: GroupDraft.Refusal) {
        let misuse: PropertyMisuse =
            switch refusal {
            case .invalidName, .takesNoValue, .invalidValue: .invalidArgument
            case .inUse: .inUse
            case .exists: .exists
            case .notFound: .notFound
            case .typeMismatch: .typeMismatch
            }
        self = .misuse(misuse, "\(refusal)")
    }
}
