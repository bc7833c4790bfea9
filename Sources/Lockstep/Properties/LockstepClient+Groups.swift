import Codec
import Identifiers
import Properties
import Transactions

extension LockstepClient {
    /// Moves `group` to the newest version; returns whether there was a newer one (*scf_pg_update*).
    ///
    /// Throws `aborted` with `deleted` where the group is gone, even if one of its name was made again.
    @discardableResult
    public func update(
        _ group: inout PropertyGroup, timeout: Duration? = nil
    ) async throws(LockstepError) -> Bool {
        let place = try Self.groupPath(group.path)
        let query = PropertyQuery.group(
            place, groupID: group.identity.stored, known: group.version.stored)
        let bytes = try await ask(query, .linearizable, timeout)
        let reply = try Self.decode("property group") { () throws(DecodingFailure) in
            try GroupReply(bytes)
        }
        guard let found = reply.group else { return false }
        group = PropertyGroup(place, found)
        return true
    }

    /// Reads a group, lets `body` edit it, and commits the edits; again where others were faster.
    ///
    /// It is over when `timeout` has passed over all tries (by default that of the configuration).
    /// With `groupType`, a group that is missing is made, with its service and instance; without,
    /// it throws `aborted` with `notFound`. Nothing is sent where `body` throws or edits nothing.
    /// Returns the version that holds the edits; nil where there were none.
    @discardableResult
    public func updateGroup(
        _ path: String, groupType: String? = nil, timeout: Duration? = nil,
        _ body: (inout PropertyGroupEdit) throws(LockstepError) -> Void
    ) async throws(LockstepError) -> GroupVersion? {
        let place = try Self.groupPath(path)
        let deadline = ContinuousClock.now + (timeout ?? configuration.requestTimeout)
        var tries = 0
        while true {
            let left = deadline - ContinuousClock.now
            guard left > .zero else {
                throw .timedOut(
                    lastFailure: "\(path) changed before each of \(tries) commits",
                    mayHaveExecuted: false)
            }
            tries += 1
            let group = try await propertyGroup(path, timeout: left)
            guard group != nil || groupType != nil else {
                throw .aborted(
                    TransactionAbort(
                        index: 0, step: nil, code: .notFound, message: "there is no \(path)"))
            }
            var edit = PropertyGroupEdit(group)
            try body(&edit)
            if edit.edits.isEmpty { return nil }
            // The read has taken its part of it.
            let rest = max(deadline - ContinuousClock.now, .zero)
            if let version = try await commit(edit, at: place, groupType, rest) { return version }
        }
    }

    /// Commits the edits of a closure; nil where the group is another one by now.
    private func commit(
        _ edit: PropertyGroupEdit, at place: PropertyPath, _ groupType: String?, _ timeout: Duration
    ) async throws(LockstepError) -> GroupVersion? {
        var transaction = Transaction()
        if edit.group == nil { try transaction.expectNoGroup("\(place)") }
        let commit = GroupCommit(
            place, groupID: edit.group?.identity.stored, base: edit.group?.version.stored,
            edits: edit.edits.values.sorted { $0.name < $1.name },
            creation: edit.group == nil ? groupType.map { GroupCreation(type: $0) } : nil)
        transaction.steps.append(PropertyOperation.commitGroup(commit).step)
        switch try await submit(transaction, timeout: timeout) {
        case .committed(let commit):
            return try Self.version(of: commit)
        case .aborted(let abort):
            let isConflict = abort.code == .outOfDate || abort.code == .expectationFailed
            // A group that is made anew when missing is made anew when deleted.
            guard isConflict || abort.code == .deleted && groupType != nil else {
                throw .aborted(abort)
            }
            return nil
        }
    }

    /// Commits a draft, or asks whether it is out of date.
    func commit(
        _ draft: GroupDraft, timeout: Duration?
    ) async throws(LockstepError) -> PropertyTransaction.Result {
        var transaction = Transaction()
        transaction.steps.append(PropertyOperation.commitGroup(draft.commit).step)
        switch try await submit(transaction, timeout: timeout) {
        case .committed(let commit):
            return .committed(try Self.version(of: commit))
        case .aborted(let abort):
            guard abort.code == .outOfDate else { throw .aborted(abort) }
            return .outOfDate
        }
    }

    private static func version(of commit: Commit) throws(LockstepError) -> GroupVersion {
        try decode("commit") { () throws(DecodingFailure) in
            GroupVersion(try GroupResult(commit.results.first ?? []).version)
        }
    }
}

// MARK: - Reading groups

extension LockstepClient {
    /// All groups of a service or an instance, whole, of one type or of all, by name.
    ///
    /// Each page of the list is of one moment.
    public func propertyGroups(
        of owner: String, type: String? = nil, consistency: ReadConsistency = .linearizable,
        timeout: Duration? = nil
    ) async throws(LockstepError) -> [PropertyGroup] {
        let place = try Transaction.path(owner, "a service or instance") { $0.group == nil }
        var groups: [PropertyGroup] = []
        var after: String? = ""
        while let name = after {
            let query = PropertyQuery.groups(
                .owner(place, id: nil), type: type, page: .init(after: name))
            let bytes = try await ask(query, consistency, timeout)
            let listing = try Self.decode("groups") { () throws(DecodingFailure) in
                try GroupListing(bytes)
            }
            groups += listing.entries.map {
                PropertyGroup(place.appending(group: $0.name), $0.group)
            }
            after = listing.through
        }
        return groups
    }

    /// What an instance shows of a group together with its service's; nil where neither has it.
    ///
    /// With `snapshot`, as a snapshot of the instance holds it.
    public func composedGroup(
        _ name: String, of instance: String, in snapshot: PropertySnapshot? = nil,
        consistency: ReadConsistency = .linearizable, timeout: Duration? = nil
    ) async throws(LockstepError) -> ComposedPropertyGroup? {
        let place = try Self.instancePath(instance)
        guard NameRules.isValid(name, as: .group) else {
            throw .invalidArgument("\(name) is no name of a property group")
        }
        let source = ComposedSource(place, content: snapshot?.content.stored)
        let bytes = try await ask(
            .composedGroup(source, name: name), consistency, timeout)
        let reply = try Self.decode("composed group") { () throws(DecodingFailure) in
            try ComposedReply(bytes)
        }
        return ComposedPropertyGroup(name, reply.group)
    }

    /// All groups that an instance shows together with its service, by name.
    public func composedGroups(
        of instance: String, type: String? = nil, in snapshot: PropertySnapshot? = nil,
        consistency: ReadConsistency = .linearizable, timeout: Duration? = nil
    ) async throws(LockstepError) -> [ComposedPropertyGroup] {
        let source = ComposedSource(
            try Self.instancePath(instance), content: snapshot?.content.stored)
        var groups: [ComposedPropertyGroup] = []
        var after: String? = ""
        while let name = after {
            let query = PropertyQuery.composedGroups(
                source, type: type, page: .init(after: name))
            let bytes = try await ask(query, consistency, timeout)
            let listing = try Self.decode("composed groups") { () throws(DecodingFailure) in
                try ComposedListing(bytes)
            }
            groups += listing.entries.compactMap { ComposedPropertyGroup($0.name, $0.group) }
            after = listing.through
        }
        return groups
    }

    static func groupPath(_ path: String) throws(LockstepError) -> PropertyPath {
        try Transaction.path(path, "a property group") { $0.group != nil && $0.property == nil }
    }

    static func instancePath(_ path: String) throws(LockstepError) -> PropertyPath {
        try Transaction.path(path, "an instance") { $0.instance != nil && $0.group == nil }
    }

    static func decode<Value>(
        _ what: String, _ body: () throws(DecodingFailure) -> Value
    ) throws(LockstepError) -> Value {
        do throws(DecodingFailure) {
            return try body()
        } catch {
            throw .protocolViolation("\(what): \(error)")
        }
    }
}
