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
        var rest = text
        var name = localScope
        if let scoped = dropPrefix("//", of: rest) {
            let end = scoped.firstIndex(of: slash) ?? scoped.endIndex
            var scope = scoped[..<end]
            if let suffix = dropSuffix("@" + localScope, of: scope) { scope = suffix }
            if !scope.isEmpty {
                guard NameRules.isValid(scope, as: .scope) else { return nil }
                name = String(decoding: scope, as: UTF8.self)
            }
            rest = scoped[end...].dropFirst()
        }
        guard !rest.isEmpty else { return .scope(name) }
        guard let path = parsePath(rest.first == slash ? rest.dropFirst() : rest) else {
            return nil
        }
        return name == localScope ? .path(path) : .elsewhere(scope: name, path)
    }

    private static func parsePath(_ text: ArraySlice<UInt8>) -> PropertyPath? {
        let marker = Array("/:properties/".utf8)
        var owner = text
        var names: [ArraySlice<UInt8>] = []
        if let place = firstRange(of: marker, in: text) {
            owner = text[..<place]
            names = text[(place + marker.count)...]
                .split(separator: slash, omittingEmptySubsequences: false)
            guard names.count <= 2 else { return nil }
        }
        let parts = owner.split(
            separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let service = parts.first else { return nil }
        func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
        return PropertyPath(
            service: string(service), instance: parts.count > 1 ? string(parts[1]) : nil,
            group: names.first.map(string), property: names.count > 1 ? string(names[1]) : nil)
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
