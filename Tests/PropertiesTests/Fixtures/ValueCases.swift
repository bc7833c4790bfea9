import Testing

/// One string that libscf reads as a value, or refuses.
struct ValueCase: Sendable, CustomTestStringConvertible {
    let id: String
    let type: String
    let input: [UInt8]
    /// The canonical string form; nil where the input is refused.
    let output: [UInt8]?

    init(_ id: String, _ type: String, _ input: String, _ output: String?) {
        self.init(id, type, bytes: Array(input.utf8), output.map { Array($0.utf8) })
    }

    init(_ id: String, _ type: String, bytes input: [UInt8], _ output: [UInt8]?) {
        self.id = id
        self.type = type
        self.input = input
        self.output = output
    }

    var testDescription: String {
        "\(id) \(type) \(String(decoding: input.prefix(40), as: UTF8.self))"
    }
}

extension ValueCase {
    /// What libscf's value parser does with each input.
    static let all: [ValueCase] = [
        .init("v001", "boolean", "true", "true"),
        .init("v004", "boolean", "false", "false"),
        .init("v007", "boolean", "TRUE", nil),
        .init("v010", "boolean", "no", nil),
        .init("v013", "boolean", "", nil),
        .init("v016", "boolean", "tr", nil),
        .init("v019", "count", "42", "42"),
        .init("v022", "count", "0XfF", "255"),
        .init("v025", "count", "+7", "7"),
        .init("v028", "count", "", nil),
        .init("v031", "count", "1.0", nil),
        .init("v034", "count", "abc", nil),
        .init("v037", "count", "1_000", nil),
        .init("v043", "integer", "-5", "-5"),
        .init("v046", "integer", "-9223372036854775808", "-9223372036854775808"),
        .init("v049", "integer", "-010", "-8"),
        .init("v052", "integer", "-9223372036854775809", nil),
        .init("v055", "integer", "1e3", nil),
        .init("v058", "integer", "1 2", nil),
        .init("v061", "integer", "five", nil),
        .init("v064", "time", "1", "1"),
        .init("v067", "time", "1.0", "1"),
        .init("v070", "time", "1.123456789", "1.123456789"),
        .init("v073", "time", "010", "10"),
        .init("v076", "time", "7.999999999", "7.999999999"),
        .init("v079", "time", "", nil),
        .init("v082", "time", "1.1234567890", nil),
        .init("v085", "time", "1,5", nil),
        .init("v088", "time", "x", nil),
        .init("v091", "time", "1:30", nil),
        .init("v094", "astring", "a", "a"),
        .init(
            "v097", "astring", bytes: [0xFF, 0xFE, 0x20, 0x72, 0x61, 0x77],
            [0xFF, 0xFE, 0x20, 0x72, 0x61, 0x77]),
        .init(
            "v100", "astring", bytes: [0x63, 0x61, 0x66, 0xC3, 0xA9],
            [0x63, 0x61, 0x66, 0xC3, 0xA9]),
        .init("v103", "ustring", "plain", "plain"),
        .init("v106", "ustring", bytes: [0xF0, 0x9F, 0x98, 0x80], [0xF0, 0x9F, 0x98, 0x80]),
        .init("v109", "ustring", bytes: [0x80], nil),
        .init("v112", "ustring", bytes: [0xE2, 0x82], nil),
        .init("v115", "ustring", bytes: [0xC3, 0x28], nil),
        .init("v118", "ustring", bytes: [0xF0, 0x9F, 0x98], nil),
        .init("v124", "opaque", "00ff", "00ff"),
        .init(
            "v127", "opaque", String(repeating: "ab", count: 1000),
            String(repeating: "ab", count: 1000)),
        .init("v130", "opaque", "0", nil),
        .init("v133", "opaque", "00-11", nil),
        .init("v136", "uri", "http://host/path?q=1#frag", "http://host/path?q=1#frag"),
        .init("v139", "uri", "mailto:root@example.org", "mailto:root@example.org"),
        .init("v142", "uri", "//host/x", "//host/x"),
        .init("v145", "uri", "a:b", "a:b"),
        .init("v148", "uri", "http://host", nil),
        .init("v151", "uri", "?query", nil),
        .init("v154", "uri", "scheme:#x", nil),
        .init("v160", "fmri", "svc:/network/smtp", "svc:/network/smtp"),
        .init(
            "v163", "fmri", "svc://localhost/system/cron:default",
            "svc://localhost/system/cron:default"),
        .init("v166", "fmri", "svc:/SUNW,foo/bar:default", "svc:/SUNW,foo/bar:default"),
        .init("v169", "fmri", "file:///etc/hosts", "file:///etc/hosts"),
        .init("v172", "fmri", "svc:/network/http_server-2:x1", "svc:/network/http_server-2:x1"),
        .init("v175", "fmri", "file:///a", "file:///a"),
        .init("v178", "fmri", "svc:/system//cron", nil),
        .init("v181", "fmri", "svc:/system/cron;x", nil),
        .init("v184", "fmri", "file:etc/hosts", nil),
        .init("v187", "fmri", "svc:/system/cron:default/:properties/", nil),
        .init("v190", "fmri", "http://host/path:1", nil),
        .init("v193", "fmri", "svc:/net/ssh:a/b", nil),
        .init("v196", "fmri", "file:", nil),
        .init("v202", "net_address_v4", "10.0.0.1", "10.0.0.1"),
        .init("v205", "net_address", "0.0.0.0", "0.0.0.0"),
        .init("v208", "net_address_v4", "10.0.0.0/8", "10.0.0.0/8"),
        .init("v211", "net_address", "192.168.1.0/24", "192.168.1.0/24"),
        .init("v214", "net_address_v4", "1.2.3.4/0", "1.2.3.4/0"),
        .init("v217", "net_address", "::1", "::1"),
        .init("v220", "net_address_v6", "fe80::1", "fe80::1"),
        .init("v223", "net_address", "fe80::1/64", "fe80::1/64"),
        .init("v226", "net_address_v6", "::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        .init("v229", "net_address", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        .init("v232", "net_address_v6", "fe80::1/128", "fe80::1/128"),
        .init("v235", "net_address", "FE80::A", "FE80::A"),
        .init("v238", "net_address_v4", "10.0.0.0/33", nil),
        .init("v241", "net_address_v4", "10.0.0.0/x", nil),
        .init("v244", "net_address_v4", "1.2.3.4.5", nil),
        .init("v247", "net_address_v6", "fe80::1/129", nil),
        .init("v250", "net_address_v6", "fe80::1%eth0", nil),
        .init("v253", "net_address_v6", "g::1", nil),
        .init("v256", "net_address_v6", "1:2:3", nil),
        .init("v259", "net_address", "", nil),
        .init("v262", "net_address", "::1 ", nil),
        .init("v265", "net_address_v6", "10.0.0.1", nil),
        .init("v268", "host", "host.example.com", "host.example.com"),
        .init("v271", "host", "::1", "::1"),
        .init("v274", "hostname", "localhost", "localhost"),
        .init("v277", "host", bytes: [0xFF, 0x2E, 0x65, 0x78, 0x61, 0x6D, 0x70, 0x6C, 0x65], nil),
        .init(
            "v280", "hostname", bytes: [0xFF, 0x2E, 0x65, 0x78, 0x61, 0x6D, 0x70, 0x6C, 0x65], nil),
    ]
}
