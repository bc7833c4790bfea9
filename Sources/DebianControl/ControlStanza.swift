/// One paragraph of a control file (*deb822(5)*), kept so that it can be written back byte for byte.
package struct ControlStanza: Sendable, Equatable {
    package var fields: [ControlField]
    /// The line of its first field, counted from 1.
    package var line: Int

    package init(fields: [ControlField], line: Int) {
        self.fields = fields
        self.line = line
    }

    /// The field with this name; letter case does not matter.
    package subscript(name: String) -> ControlField? {
        let wanted = name.lowercased()
        return fields.first { $0.name.lowercased() == wanted }
    }

    /// The paragraph as it stood in the file, its last newline included.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for field in fields {
            bytes += field.name.utf8
            bytes.append(Byte.colon)
            bytes += field.value
            bytes.append(Byte.newline)
        }
        return bytes
    }
}

/// One field: its name, and everything between the colon and the field's last newline.
package struct ControlField: Sendable, Equatable {
    package var name: String
    /// Raw, with the leading space and with continuation lines as they stand.
    package var value: [UInt8]
    package var line: Int

    package init(name: String, value: [UInt8], line: Int) {
        self.name = name
        self.value = value
        self.line = line
    }

    /// The value as one line without the space around it; nil if it has several lines or is not
    /// UTF-8.
    package var text: String? {
        guard !value.contains(Byte.newline), let text = String(validating: value, as: UTF8.self)
        else { return nil }
        let inner = text.utf8.drop { Byte.isBlank($0) }
        let end = inner.lastIndex { !Byte.isBlank($0) }
        guard let end else { return "" }
        return String(inner[...end])
    }
}

/// What a control file may hold at most.
package struct ControlBounds: Sendable {
    package var fileBytes = 512 << 20
    package var stanzas = 500_000
    package var fieldsPerStanza = 256
    package var nameBytes = 100
    package var stanzaBytes = 1 << 20

    package init() {}
}

/// Why a control file cannot be read; the line counts from 1.
package struct ControlFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let line: Int
    package let message: String

    package init(line: Int, _ message: String) {
        self.line = line
        self.message = message
    }

    package var description: String {
        "line \(line): \(message)"
    }
}

enum Byte {
    static let newline = UInt8(ascii: "\n")
    static let tab = UInt8(ascii: "\t")
    static let space = UInt8(ascii: " ")
    static let colon = UInt8(ascii: ":")
    static let comma = UInt8(ascii: ",")

    static func isBlank(_ byte: UInt8) -> Bool {
        byte == space || byte == tab
    }
}
