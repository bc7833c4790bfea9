package import Properties
import Wording

/// How a user names services and instances: whole, by the end of the name, or by a glob pattern.
///
/// | text | what it names |
/// |---|---|
/// | `svc:/network/http:apache` | this instance |
/// | `svc:/network/http`, `svc:network/http`, `svc://localhost/network/http` | this service |
/// | `http:apache`, `network/http:apache` | an instance of a service whose name is so or ends so |
/// | `:apache` | every instance of that name |
/// | `http` | a service whose name is so or ends so |
/// | `*http*`, `svc:/network/*:apache` | what fits the pattern, over slashes too |
///
/// Behind it may stand `/:properties/GROUP`, and `/PROPERTY`, where properties are listed.
package struct EntityPattern: Sendable, Equatable {
    package let text: String
    /// The one service or instance that it can be; nil for an abbreviation or a pattern.
    package let exact: PropertyPath?
    /// `GROUP` or `GROUP/PROPERTY` behind it.
    package let property: String?
    private let service: String
    /// nil: none is named.
    package let instance: String?
    private let isWhole: Bool

    package init(_ text: String) throws(CommandFailure) {
        self.text = text
        var owner = text[...]
        if let marker = text.firstRange(of: "/:properties/") {
            owner = text[..<marker.lowerBound]
            property = String(text[marker.upperBound...])
        } else {
            property = nil
        }
        let isPattern = Glob.isPattern(owner)
        let isAbsolute = owner.hasPrefix("svc:")
        isWhole = isAbsolute || isPattern
        if isAbsolute, !isPattern {
            guard let path = try Self.exact(owner) else { throw Self.refused(text) }
            exact = path
            service = path.service
            instance = path.instance
            return
        }
        exact = nil
        if isAbsolute {
            owner = try Self.withoutScope(owner.dropFirst(4))
        }
        if owner.hasPrefix("/") { owner = owner.dropFirst() }
        let parts = owner.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        service = String(parts.first ?? "")
        instance = parts.count > 1 ? String(parts[1]) : nil
        let isValid =
            isPattern
            || (service.isEmpty || NameRules.isValid(service, as: .service))
                && (instance.map { NameRules.isValid($0, as: .instance) } ?? !service.isEmpty)
        guard isValid else { throw Self.refused(text) }
    }

    /// The one thing that a whole name stands for; nil where it is no name.
    private static func exact(_ text: Substring) throws(CommandFailure) -> PropertyPath? {
        switch FMRI(String(text)) {
        case .path(let path): return path
        case .elsewhere(let scope, _): throw elsewhere(scope)
        case .scope, .file, nil: return nil
        }
    }

    /// What stands behind the scope of a pattern, if it names one.
    private static func withoutScope(_ text: Substring) throws(CommandFailure) -> Substring {
        guard text.hasPrefix("//") else { return text }
        let rest = text.dropFirst(2)
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        let scope = rest[..<end]
        guard scope.isEmpty || scope == "localhost" else { throw elsewhere(String(scope)) }
        return rest[end...]
    }

    private static func elsewhere(_ scope: String) -> CommandFailure {
        CommandFailure(.negative, "there is no scope \(scope); all services are in localhost")
    }

    private static func refused(_ text: String) -> CommandFailure {
        CommandFailure(
            .usage,
            "\(Words.quoted(text)) names no service or instance; write svc:/SERVICE[:INSTANCE], the end "
                + "of such a name, or a pattern with * and ?")
    }

    /// The same without what stands behind it.
    package var owner: EntityPattern {
        EntityPattern(ownerOf: self)
    }

    private init(ownerOf pattern: EntityPattern) {
        text = pattern.text
        exact = pattern.exact
        property = nil
        service = pattern.service
        instance = pattern.instance
        isWhole = pattern.isWhole
    }

    /// The service or instance that `text` names whole, which need not be there.
    package static func whole(_ text: String) throws(CommandFailure) -> PropertyPath {
        let pattern: EntityPattern?
        do throws(CommandFailure) {
            pattern = try EntityPattern(text)
        } catch {
            // Elsewhere is no matter of how it is written.
            guard error.exit == .usage else { throw error }
            pattern = nil
        }
        guard let pattern, pattern.property == nil,
            let path = pattern.exact ?? PropertyPath(text), path.group == nil
        else {
            throw CommandFailure(
                .usage,
                "\(Words.quoted(text)) names no service or instance; write svc:/SERVICE[:INSTANCE]; "
                    + nameAdvice)
        }
        return path
    }

    /// Whether a service of that name, or one of its instances, may be meant.
    package func mayMatch(service name: String) -> Bool {
        if isWhole { return Glob.matches(name, service) }
        return service.isEmpty || name == service || name.hasSuffix("/" + service)
    }

    /// Whether an instance of that name is meant, of a service that is.
    package func matches(instance name: String) -> Bool {
        instance.map { Glob.matches(name, $0) } ?? false
    }
}

extension PropertyRepository {
    /// The services and instances that a pattern names, by path.
    ///
    /// With `prefersInstances`, an abbreviation or a pattern that names no instance stands for all
    /// instances of the services that it fits, and for a service itself where it has none. What is
    /// named whole is not looked up. A property behind the name is for the caller to look at, who asks
    /// with `prefersInstances`; else it is refused, for what is done to a service or an instance must
    /// not be done where one of its groups was meant.
    package func find(
        _ pattern: EntityPattern, prefersInstances: Bool = false
    ) async throws(RepositoryFailure) -> [PropertyPath] {
        guard prefersInstances || pattern.property == nil else {
            throw .failed(
                CommandFailure(
                    .usage,
                    "\(pattern.text) names a property group or a property, where a service or an "
                        + "instance is wanted; delpg and delprop delete the former"))
        }
        if let exact = pattern.exact { return [exact] }
        var found: [PropertyPath] = []
        for entry in try await children(.services) where pattern.mayMatch(service: entry.name) {
            guard let service = PropertyPath(service: entry.name) else { continue }
            guard pattern.instance != nil || prefersInstances else {
                found.append(service)
                continue
            }
            // What is deleted meanwhile is not found.
            guard let all = try await instances(of: service) else { continue }
            let instances = all.map(\.path).filter {
                pattern.instance == nil || pattern.matches(instance: $0.instance ?? "")
            }
            found += instances
            if instances.isEmpty, pattern.instance == nil { found.append(service) }
        }
        return found
    }

    /// What is to be made under a name, which may be no abbreviation of what is there already.
    ///
    /// Every later use of the abbreviation would be ambiguous, or mean another.
    package func pathToMake(_ text: String) async throws(RepositoryFailure) -> PropertyPath {
        let pattern: EntityPattern
        let path: PropertyPath
        do throws(CommandFailure) {
            path = try EntityPattern.whole(text)
            pattern = try EntityPattern(text)
        } catch {
            throw .failed(error)
        }
        guard pattern.exact == nil, let other = try await find(pattern).first(where: { $0 != path })
        else { return path }
        throw .failed(
            CommandFailure(
                .negative,
                "\(text) stands for \(other); write \(path) whole to make that"))
    }

    /// The one service or instance that a pattern names, which must be there.
    package func findOne(
        _ pattern: EntityPattern, prefersInstances: Bool = false
    ) async throws(RepositoryFailure) -> PropertyPath {
        try await identified(pattern, prefersInstances: prefersInstances).path
    }

    /// The same with its identity.
    package func identified(
        _ pattern: EntityPattern, prefersInstances: Bool = false
    ) async throws(RepositoryFailure) -> FoundEntity {
        let found = try await find(pattern, prefersInstances: prefersInstances)
        guard let first = found.first else {
            throw .notFound(
                "no service or instance fits \(pattern.text); lockstep scf list has all")
        }
        guard found.count == 1 else {
            let some = found.prefix(5).map(\.description).joined(separator: ", ")
            throw .failed(
                CommandFailure(
                    .negative,
                    "\(pattern.text) fits \(found.count) services and instances: \(some)"
                        + "\(found.count > 5 ? " …" : ""); name one of them"))
        }
        guard let id = try await identity(of: first) else {
            throw .notFound("there is no \(first)")
        }
        return FoundEntity(path: first, id: id)
    }
}
