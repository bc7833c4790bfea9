/// A fault management resource identifier, in the forms that libscf reads.
///
/// | form | remark |
/// |---|---|
/// | `svc:/service[:instance][/:properties/group[/property]]` | `svc:` and the first `/` may be left out |
/// | `svc://scope/…`, `svc://scope@localhost/…` | the same in a named scope |
/// | `svc:`, `svc://scope`, `svc://scope/` | the scope itself, the local one without a name |
/// | `file:/path`, `file:///path`, `file://localhost/path` | an absolute path |
package enum FMRI: Hashable, Sendable {
    case scope(String)
    /// A place in the one scope that there is.
    case path(PropertyPath)
    /// A place in a scope of that name, which is not there.
    case elsewhere(scope: String, PropertyPath)
    case file(path: String)

    /// Parses `text`; nil where it has none of the forms or is over 628 bytes.
    package init?(_ text: String) {
        self.init(bytes: Array(text.utf8))
    }

    init?(bytes: [UInt8]) {
        guard bytes.count <= NameRules.fmriBytes else { return nil }
        if let rest = Self.dropPrefix("file:", of: bytes[...]) {
            guard let file = Self.parseFile(rest) else { return nil }
            self = file
            return
        }
        guard
            let parsed = Self.parseService(Self.dropPrefix("svc:", of: bytes[...]) ?? bytes[...])
        else { return nil }
        self = parsed
    }

    private static let slash = UInt8(ascii: "/")
    private static let localScope = "localhost"

    private static func parseFile(_ text: ArraySlice<UInt8>) -> FMRI? {
        var rest = text
        if let hosted = dropPrefix("//", of: rest) {
            guard let end = hosted.firstIndex(of: slash) else { return nil }
            let host = hosted[..<end]
            guard host.isEmpty || host.elementsEqual(localScope.utf8) else { return nil }
            rest = hosted[end...]
        }
        guard rest.first == slash, rest.count > 1 else { return nil }
        guard let path = String(validating: rest, as: UTF8.self) else { return nil }
        return .file(path: path)
    }

    private static func parseService(_ text: ArraySlice<UInt8>) -> FMRI? {
        guard let parts = ServiceParts(text) else { return nil }
        func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
        let scope = parts.scope.isEmpty ? localScope : string(parts.scope)
        guard NameRules.isValid(scope, as: .scope) else { return nil }
        guard let service = parts.service else { return .scope(scope) }
        let path = PropertyPath(
            service: string(service), instance: parts.instance.map(string),
            group: parts.group.map(string), property: parts.property.map(string))
        guard let path else { return nil }
        return scope == localScope ? .path(path) : .elsewhere(scope: scope, path)
    }

    /// Whether a value may be `bytes`: one of the forms, however long its names are.
    static func isWellFormed(_ bytes: [UInt8]) -> Bool {
        if let rest = dropPrefix("file:", of: bytes[...]) { return parseFile(rest) != nil }
        guard let parts = ServiceParts(dropPrefix("svc:", of: bytes[...]) ?? bytes[...]) else {
            return false
        }
        let names: [(ArraySlice<UInt8>?, NameRules.Kind)] = [
            (parts.scope.isEmpty ? nil : parts.scope, .scope), (parts.service, .service),
            (parts.instance, .instance), (parts.group, .group), (parts.property, .property),
        ]
        return names.allSatisfy { name, kind in
            name.map { NameRules.isValid($0, as: kind, mostBytes: .max) } ?? true
        }
    }

    /// The names in an FMRI of a service, unchecked; none is left out before another but the instance.
    private struct ServiceParts {
        /// Empty for the local one.
        var scope: ArraySlice<UInt8> = []
        var service: ArraySlice<UInt8>?
        var instance: ArraySlice<UInt8>?
        var group: ArraySlice<UInt8>?
        var property: ArraySlice<UInt8>?

        init?(_ text: ArraySlice<UInt8>) {
            var rest = text
            if let scoped = FMRI.dropPrefix("//", of: rest) {
                let end = scoped.firstIndex(of: FMRI.slash) ?? scoped.endIndex
                scope = scoped[..<end]
                if let name = FMRI.dropSuffix("@" + FMRI.localScope, of: scope) { scope = name }
                rest = scoped[end...].dropFirst()
            }
            guard !rest.isEmpty else { return }
            var owner = rest.first == FMRI.slash ? rest.dropFirst() : rest
            let marker = Array("/:properties/".utf8)
            if let place = FMRI.firstRange(of: marker, in: owner) {
                let names = owner[(place + marker.count)...]
                    .split(separator: FMRI.slash, omittingEmptySubsequences: false)
                guard names.count <= 2 else { return nil }
                group = names.first
                property = names.count > 1 ? names[1] : nil
                owner = owner[..<place]
            }
            let parts = owner.split(
                separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            service = parts.first
            instance = parts.count > 1 ? parts[1] : nil
        }
    }

    private static func firstRange(of marker: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
        guard text.count >= marker.count else { return nil }
        return (text.startIndex...(text.endIndex - marker.count)).first {
            text[$0..<($0 + marker.count)].elementsEqual(marker)
        }
    }

    private static func dropPrefix(
        _ prefix: String, of text: ArraySlice<UInt8>
    ) -> ArraySlice<UInt8>? {
        text.starts(with: prefix.utf8) ? text.dropFirst(prefix.utf8.count) : nil
    }

    private static func dropSuffix(
        _ suffix: String, of text: ArraySlice<UInt8>
    ) -> ArraySlice<UInt8>? {
        text.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
            ? text.dropLast(suffix.utf8.count) : nil
    }
}
