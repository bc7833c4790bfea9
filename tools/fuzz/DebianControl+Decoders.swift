import DebianControl

private let sample = """
    Package: zlib1g
    Architecture: amd64
    Multi-Arch: same
    Depends: libc6 (>= 2.14), libfoo | libbar
    Description: compression library
     zlib is a library.
     .
     And more.

    Package: 0ad
    Conffiles:
     /etc/a 0123456789abcdef

    """

/// What parses must come back byte for byte, paragraph by paragraph, through its property groups.
private func decodeControl(_ input: [UInt8]) {
    guard let stanzas = try? ControlParser.parse(input),
        let groups = try? PackageGroup.groups(of: stanzas)
    else { return }
    precondition(groups.count == stanzas.count, "\(groups.count) groups of \(stanzas.count)")
    for (stanza, group) in zip(stanzas, groups) {
        do {
            let rebuilt = try group.stanza()
            precondition(rebuilt.bytes == stanza.bytes, "\(group.title) is rebuilt differently")
        } catch {
            preconditionFailure("\(group.title) is not rebuilt: \(error)")
        }
    }
}

private func decodeName(_ input: [UInt8]) {
    if let escaped = EscapedName.escape(input) {
        precondition(EscapedName.unescape(escaped) == input, "\(escaped) is not undone")
    }
    let text = String(decoding: input, as: UTF8.self)
    if let name = EscapedName.unescape(text) {
        precondition(EscapedName.escape(name) == text, "\(text) has another spelling")
    }
}

let debianDecoders = [
    FuzzedDecoder(
        name: "debian-control", seeds: { [Array(sample.utf8)] }, decode: decodeControl),
    FuzzedDecoder(
        name: "escaped-name", seeds: { [Array("g++".utf8), Array("z__0ad".utf8)] },
        decode: decodeName),
]
