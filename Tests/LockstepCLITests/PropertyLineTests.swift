import JSON
import LockstepCLI
import Properties
import Testing

/// How a property is shown.
@Suite struct PropertyLineTests {
    @Test func `JSON has texts as they are, and bytes that are none as hexadecimal digits`() throws
    {
        let owner = try Documents.path("svc:/a")
        func values(_ type: PropertyType, _ texts: [[UInt8]]) throws -> String {
            let values = try texts.map { bytes in
                try #require(PropertyValue(stringBytes: bytes, type: type))
            }
            let content = try #require(PropertyContent(type: type, values: values))
            let line = PropertyLine(owner, group: "g", Property(name: "p", content: content))
            return line.document.text
        }
        let front = "{\"path\":\"svc:/a/:properties/g/p\",\"type\":"
        #expect(
            try values(.astring, [Array("a\n\tb".utf8), [0x41, 0xFF]])
                == front + "\"astring\",\"values\":[\"a\\n\\tb\",{\"hex\":\"41ff\"}]}")
        #expect(
            try values(.count, [Array("7".utf8), Array("18446744073709551615".utf8)])
                == front + "\"count\",\"values\":[7,\"18446744073709551615\"]}")
        #expect(
            PropertyLine(owner, group: "g", type: "t").document.text
                == "{\"path\":\"svc:/a/:properties/g\",\"type\":\"t\"}")
    }

    @Test(arguments: [
        ("", "\"\""), ("plain", "plain"), ("a b", "a\\ b"), ("$x", "$x"),
        (";&()|^<>\n\t\\\"'`", "\\;\\&\\(\\)\\|\\^\\<\\>\\\n\\\t\\\\\\\"\\'\\`"),
    ])
    func `a value is quoted as svcprop quotes it`(_ text: String, _ quoted: String) {
        #expect(PropertyLine.quoted(Array(text.utf8)) == Array(quoted.utf8))
    }
}
