import Codec
import Properties
import Testing

struct ValueTests {
    @Test(arguments: ValueCase.all)
    func `string forms are read as libscf reads them`(sample: ValueCase) throws {
        let type = try #require(PropertyType(name: sample.type))
        let value = PropertyValue(stringBytes: sample.input, type: type)
        #expect(value?.stringBytes == sample.output)
        guard let value else { return }
        #expect(value.isValid(as: type))
        #expect(PropertyValue(stringBytes: value.stringBytes, type: type) == value)
    }

    @Test(
        arguments: [
            (.count, "-1", nil), (.count, "-0", "0"), (.count, "0x", nil), (.count, "08", nil),
            (.count, "18446744073709551615", "18446744073709551615"),
            (.count, "18446744073709551616", nil), (.count, " 7", "7"), (.count, "7 ", nil),
            (.count, "+-7", nil), (.integer, "9223372036854775807", "9223372036854775807"),
            (.integer, "9223372036854775808", nil), (.integer, "-0x10", "-16"),
            (.integer, "-", nil), (.time, "-3.000000005", "-3.000000005"), (.time, "1.", nil),
            (.time, ".5", nil), (.time, "1.5", "1.500000000"), (.time, "1.0x", nil),
            (.time, "0x1", nil), (.opaque, "", ""), (.opaque, "AbCd", "abcd"),
            (.opaque, "0g", nil), (.fmri, "svc://localhost", "svc://localhost"),
            (.fmri, "svc:/", nil), (.fmri, "file:///", nil),
            (.fmri, "svc:/a/:properties/b/c/d", nil), (.fmri, "svc:/a:b/:properties/c/d", "same"),
            (.netAddress, "1.2.3.04", nil), (.netAddress, "1.2.3", nil),
            (.netAddress, "256.1.1.1", nil), (.netAddress, "1.2.3.4/", nil),
            (.netAddressV6, "::", "::"), (.netAddressV6, ":::", nil),
            (.netAddressV6, "1::2::3", nil),
            (.netAddressV6, "1:2:3:4:5:6:7::", "same"), (.netAddressV6, "::2:3:4:5:6:7:8", "same"),
            (.netAddressV6, "1:2:3:4:5:6:7:8::", nil), (.netAddressV6, ":1:2:3:4:5:6:7", nil),
            (.netAddressV6, "1:2:3:4:5:6:7:", nil), (.netAddressV6, "12345::", nil),
            (.netAddressV6, "1:2:3:4:5:6:1.2.3.4", "same"), (.netAddressV6, "1.2.3.4::", nil),
            (.netAddressV6, "1:2:3:4:5:6:7:1.2.3.4", nil), (.netAddressV6, "::/0128", nil),
            (.uri, "a", "a"), (.uri, "http:", nil), (.uri, "", nil), (.uri, "//h?q", nil),
            (.uri, "x:y", "x:y"), (.host, "anything", "anything"),
            (.astring, "", ""), (.ustring, "", ""),
        ] as [(PropertyType, String, String?)])
    func `edges of string forms`(type: PropertyType, input: String, output: String?) {
        let value = PropertyValue(stringBytes: Array(input.utf8), type: type)
        let expected = output == "same" ? input : output
        #expect(value.map { String(decoding: $0.stringBytes, as: UTF8.self) } == expected)
    }

    @Test(
        arguments: [
            (.count, Array("-1".utf8)), (.ustring, [0xF8, 0x88, 0x80, 0x80, 0x80]),
            (.uri, Array(":".utf8)), (.fmri, []),
        ] as [(PropertyType, [UInt8])])
    func `what manual and source of libscf judge differently is refused, or comes back the same`(
        type: PropertyType, input: [UInt8]
    ) {
        let value = PropertyValue(stringBytes: input, type: type)
        if let value {
            #expect(PropertyValue(stringBytes: value.stringBytes, type: type) == value)
        }
    }

    @Test func `lengths are bounded`() {
        func accepts(_ type: PropertyType, _ input: String) -> Bool {
            PropertyValue(stringBytes: Array(input.utf8), type: type) != nil
        }
        #expect(accepts(.astring, String(repeating: "a", count: 4_095)))
        #expect(!accepts(.astring, String(repeating: "a", count: 4_096)))
        #expect(accepts(.opaque, String(repeating: "00", count: 4_096)))
        #expect(!accepts(.opaque, String(repeating: "00", count: 4_097)))
        #expect(!accepts(.astring, "a\0b"))
    }

    @Test func `identifiers in values may be longer than names in the tree`() {
        let long = String(repeating: "a", count: 700)
        let texts = [
            "file:///" + long, "svc:/" + long, "svc:/a:\(long)/:properties/\(long)/\(long)",
            "svc://\(long)", "svc://\(long)/a", "svc://localhost/\(long):b",
        ]
        for text in texts {
            let value = PropertyValue(stringBytes: Array(text.utf8), type: .fmri)
            #expect(value?.stringBytes == Array(text.utf8))
            if !text.hasPrefix("file") { #expect(FMRI(text) == nil) }
        }
        for text in ["svc:/1\(long)", "svc:/a:\(long)/:properties/", "svc://1\(long)/a"] {
            #expect(PropertyValue(stringBytes: Array(text.utf8), type: .fmri) == nil, "\(text)")
        }
    }

    @Test func `the lattice is libscf's`() {
        func line(_ type: PropertyType) -> [PropertyType] {
            PropertyType.allCases.filter { type.isKind(of: $0) }
        }
        #expect(line(.fmri) == [.astring, .ustring, .uri, .fmri])
        #expect(line(.netAddressV4) == [.astring, .ustring, .host, .netAddressV4, .netAddress])
        #expect(line(.hostname) == [.astring, .ustring, .host, .hostname])
        #expect(line(.count) == [.count])
        #expect(PropertyType.fmri.parent == .uri)
        #expect(PropertyType.netAddressV6.root == .astring)
        #expect(PropertyType.netAddress.rawValue == 304)
        for type in PropertyType.allCases {
            #expect(PropertyType(name: type.description) == type)
        }
        #expect(PropertyType(name: "Fmri") == nil)
    }

    @Test func `contents hold values of their type alone`() throws {
        #expect(PropertyContent(type: .count, values: [.integer(1)]) == nil)
        #expect(PropertyContent(type: .ustring, values: [.text([0xFF])]) == nil)
        #expect(PropertyContent(type: .time, strings: ["1", "x"]) == nil)
        let content = try #require(
            PropertyContent(type: .fmri, strings: ["svc:/b", "svc:/a", "svc:/b"]))
        #expect(
            content.values.map(\.stringBytes)
                == ["svc:/b", "svc:/a", "svc:/b"].map { Array($0.utf8) })
    }

    @Test(
        arguments: [
            (.boolean, ["true", "false"]), (.count, ["0", "18446744073709551615"]),
            (.integer, ["-9223372036854775808", "9223372036854775807", "0", "-1"]),
            (.time, ["-3.000000005", "1700000000.999999999"]), (.opaque, ["", "00ff"]),
            (.astring, ["", "a"]), (.netAddress, ["::1", "10.0.0.0/8"]), (.host, []),
        ] as [(PropertyType, [String])])
    func `contents come back from their encoding`(type: PropertyType, strings: [String]) throws {
        let content = try #require(PropertyContent(type: type, strings: strings))
        var writer = ByteWriter()
        content.encode(into: &writer)
        var reader = ByteReader(writer.bytes)
        #expect(try PropertyContent.decode(&reader) == content)
        #expect(reader.isAtEnd)
        #expect(content.values.map { String(decoding: $0.stringBytes, as: UTF8.self) } == strings)
    }

    @Test func `a value that is none of its type is refused when decoded`() {
        var writer = ByteWriter()
        writer.writeVarint(201)
        writer.writeVarint(1)
        writer.writeString("no fmri;")
        var reader = ByteReader(writer.bytes)
        #expect(throws: DecodingFailure.malformed(at: 3, what: "value is no fmri")) {
            try PropertyContent.decode(&reader)
        }
    }
}
