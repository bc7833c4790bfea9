/// One package of a control file as a property group.
///
/// All groups belong to the instance `svc:/debian/packages:default`. A group is named by the package,
/// or by `package:architecture` where it may be installed for several (Multi-Arch: same) or the file
/// names it more than once; in either case escaped (see `EscapedName`). Each field is a property
/// under its escaped name, laid out as `FieldLayout` tells. One property more, `dpkg__layout`, tells
/// each field's name and layout in the order of the file; with it the paragraph is rebuilt byte for
/// byte.
package struct PackageGroup: Sendable, Equatable {
    package static let service = "svc:/debian/packages"
    package static let instance = service + ":default"
    package static let type = "package"
    package static let layoutProperty = "dpkg__layout"

    /// The group's name, escaped.
    package var name: String
    package var properties: [PackageProperty]

    package init(name: String, properties: [PackageProperty]) {
        self.name = name
        self.properties = properties
    }

    /// The name in the words of dpkg, such as `libc6:i386`.
    package var title: String {
        EscapedName.unescape(name).map { String(decoding: $0, as: UTF8.self) } ?? name
    }

    /// The groups of a whole file, in order; no name comes twice.
    package static func groups(
        of stanzas: [ControlStanza]
    ) throws(ControlFailure) -> [PackageGroup] {
        var counts: [String: Int] = [:]
        for stanza in stanzas {
            counts[try title(of: stanza), default: 0] += 1
        }
        var lines: [String: Int] = [:]
        var groups: [PackageGroup] = []
        for stanza in stanzas {
            let package = try title(of: stanza)
            let isShared = stanza["Multi-Arch"]?.text == "same" || counts[package] ?? 0 > 1
            let title = isShared ? "\(package):\(stanza["Architecture"]?.text ?? "")" : package
            if let earlier = lines.updateValue(stanza.line, forKey: title) {
                throw ControlFailure(
                    line: stanza.line, "\(title) is given already at line \(earlier); keep one")
            }
            groups.append(try PackageGroup(stanza, title: title))
        }
        return groups
    }

    private static func title(of stanza: ControlStanza) throws(ControlFailure) -> String {
        guard let field = stanza["Package"] else {
            throw ControlFailure(line: stanza.line, "the paragraph has no Package field")
        }
        guard let name = field.text, !name.isEmpty else {
            throw ControlFailure(line: field.line, "Package holds no name")
        }
        guard !name.contains(":") else {
            throw ControlFailure(line: field.line, "a package's name holds no colon")
        }
        return name
    }

    private init(_ stanza: ControlStanza, title: String) throws(ControlFailure) {
        guard let name = EscapedName.escape(title.utf8) else {
            throw ControlFailure(
                line: stanza.line,
                "the name \(title) is longer than \(EscapedName.longest) bytes when escaped")
        }
        self.name = name
        properties = []
        var layout: [[UInt8]] = []
        for field in stanza.fields {
            guard let escaped = EscapedName.escape(field.name.utf8) else {
                throw ControlFailure(
                    line: field.line,
                    "the field name \(field.name) is longer than \(EscapedName.longest) bytes"
                        + " when escaped")
            }
            for candidate in FieldLayout.candidates(field.name) {
                guard let values = candidate.split(field.value) else { continue }
                properties.append(PackageProperty(name: escaped, candidate, values))
                layout.append(Array("\(field.name)=\(candidate.rawValue)".utf8))
                break
            }
        }
        properties.append(
            PackageProperty(name: Self.layoutProperty, type: .astring, values: layout))
    }

    /// The paragraph that this group was made of.
    package func stanza() throws(RebuildFailure) -> ControlStanza {
        var byName: [String: PackageProperty] = [:]
        for property in properties { byName[property.name] = property }
        guard let layout = byName.removeValue(forKey: Self.layoutProperty) else {
            throw RebuildFailure(group: name, "has no property \(Self.layoutProperty)")
        }
        var fields: [ControlField] = []
        for (place, entry) in layout.values.enumerated() {
            let text = String(decoding: entry, as: UTF8.self)
            guard let equals = text.lastIndex(of: "="),
                let kind = FieldLayout(rawValue: String(text[text.index(after: equals)...]))
            else { throw RebuildFailure(group: name, "\(Self.layoutProperty) holds \(text)") }
            let field = String(text[..<equals])
            guard let escaped = EscapedName.escape(field.utf8),
                let property = byName.removeValue(forKey: escaped)
            else { throw RebuildFailure(group: name, "has no property for the field \(field)") }
            guard let value = kind.join(property.values) else {
                throw RebuildFailure(group: name, "\(escaped) does not hold one \(kind.rawValue)")
            }
            fields.append(ControlField(name: field, value: value, line: place + 1))
        }
        if let stray = byName.keys.min() {
            throw RebuildFailure(group: name, "has a property \(stray) that is no field")
        }
        return ControlStanza(fields: fields, line: 1)
    }
}

/// A property of a package, its values in the text form of their type.
package struct PackageProperty: Sendable, Equatable {
    package enum ValueType: String, Sendable, CaseIterable {
        case count, boolean, astring, ustring, opaque
    }

    package var name: String
    package var type: ValueType
    /// Decimal digits, `true` and `false`, or the bytes themselves; in order.
    package var values: [[UInt8]]

    package init(name: String, type: ValueType, values: [[UInt8]]) {
        self.name = name
        self.type = type
        self.values = values
    }

    init(name: String, _ layout: FieldLayout, _ values: [[UInt8]]) {
        let type: ValueType =
            switch layout {
            case .count: .count
            case .boolean: .boolean
            case .text, .lines, .list, .words, .raw: Self.narrowest(values)
            }
        self.init(name: name, type: type, values: values)
    }

    /// ASCII: astring; UTF-8: ustring; anything else: opaque.
    private static func narrowest(_ values: [[UInt8]]) -> ValueType {
        if values.allSatisfy({ $0.allSatisfy { $0 < 0x80 } }) { return .astring }
        let isText = values.allSatisfy { String(validating: $0, as: UTF8.self) != nil }
        return isText ? .ustring : .opaque
    }
}

/// Why a group is not that of a package.
package struct RebuildFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let group: String
    package let message: String

    init(group: String, _ message: String) {
        self.group = group
        self.message = message
    }

    package var description: String {
        "group \(group) \(message); import the file again"
    }
}
