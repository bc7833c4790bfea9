import JSON
import Testing

private func failure(_ text: String) -> String? {
    do {
        _ = try JSONParser.parse(text)
        return nil
    } catch {
        return error.description
    }
}

@Suite struct JSONParserTests {
    @Test func `what is written reads back`() throws {
        let value: JSONValue = [
            "empty": [:], "list": [1, true, nil, "a\"\\\n\u{1}é😀"], "deep": [["x": []]],
            "big": .number(UInt64.max), "ratio": .number(-0.0625, decimals: 3),
        ]
        #expect(try JSONParser.parse(value.text) == value)
        #expect(try JSONParser.parse(value.indentedText) == value)
        #expect(
            value.text == """
                {"empty":{},"list":[1,true,null,"a\\"\\\\\\n\\u0001é😀"],"deep":[{"x":[]}],\
                "big":18446744073709551615,"ratio":-0.063}
                """)
    }

    @Test func `indented text is two spaces a level`() {
        let value: JSONValue = ["a": [1, ["b": "c"]], "d": []]
        #expect(
            value.indentedText == """
                {
                  "a": [
                    1,
                    {
                      "b": "c"
                    }
                  ],
                  "d": []
                }
                """)
    }

    @Test func `escapes are read`() throws {
        #expect(
            try JSONParser.parse(#" "\u00e9\ud83d\ude00\/\b\f\n\r\t" "#) == "é😀/\u{8}\u{C}\n\r\t")
    }

    private static let long = String(repeating: "v", count: 5_000)

    @Test(arguments: [
        ("", "line 1, column 1: the text ends where a value must stand"),
        ("{\n \"a\": 1,\n}", "line 3, column 1: a member's name must stand here, in double quotes"),
        ("[1 2]", "line 1, column 4: a comma or ']' must follow an element"),
        ("{\"a\" 1}", "line 1, column 6: a colon must follow a member's name"),
        ("{\"a\":1 \"b\":2}", "line 1, column 8: a comma or '}' must follow a member"),
        ("{\"a\":1,\"a\":2}", "line 1, column 8: the member \"a\" is given twice"),
        (
            "{\"\(long)\":1,\"\(long)\":2}",
            "line 1, column 5007: the member \"\(long.prefix(40))…\" is given twice"
        ),
        ("01", "line 1, column 1: a number is malformed"),
        ("1.", "line 1, column 1: a number is malformed"),
        ("-", "line 1, column 1: a number is malformed"),
        ("1e", "line 1, column 1: a number is malformed"),
        ("nul", "line 1, column 1: no value begins like this"),
        ("1 1", "line 1, column 3: nothing may follow the document"),
        ("\"a", "line 1, column 1: a string does not end"),
        ("\"\\x\"", "line 1, column 2: no such escape in a string"),
        ("\"\\ud800\"", "line 1, column 2: half a character"),
        ("\"\\udc00\"", "line 1, column 2: half a character"),
        ("\"\\u12\"", "line 1, column 2: four hexadecimal digits must follow \\u"),
        ("\"a\nb\"", "line 1, column 3: a control character in a string must be escaped"),
    ])
    func `a malformed text is told by its place`(text: String, message: String) {
        #expect(failure(text) == message)
    }

    @Test func `nesting is bounded`() {
        let deep = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(failure(deep) == nil)
        #expect(failure("[" + deep + "]") == "line 1, column 129: nested deeper than 128 levels")
    }

    @Test func `a string that is not UTF-8 is refused`() {
        #expect(throws: JSONFailure.self) { try JSONParser.parse([0x22, 0xFF, 0x22]) }
    }

    @Test func `places tell the way to what breaks the schema`() throws {
        let root = JSONPlace(try JSONParser.parse(#"{"a":[{"b":"x"},{"b":300,"c":1}],"d":null}"#))
        let elements = try #require(root.member("a")).elements()
        func text(_ body: () throws -> Void) -> String {
            do {
                try body()
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(
            text { _ = try elements[0].member("b")?.integer(0...UInt8.max) }
                == "$.a[0].b must be a whole number from 0 to 255, not a string")
        #expect(
            text { _ = try elements[1].member("b")?.integer(0...UInt8.max) }
                == "$.a[1].b must be a whole number from 0 to 255, not 300")
        #expect(
            text { _ = try elements[1].members(allowed: ["b"]) }
                == "$.a[1] has a member \"c\"; allowed: b")
        #expect(text { _ = try root.elements() } == "$ must be an array, not an object")
        #expect(text { _ = try root.member("d")?.string() } == "$.d must be a string, not null")
        #expect(
            text { _ = try elements[0].member("b")?.choice(of: Sides.self) }
                == "$.a[0].b must be one of left, right, not \"x\"")
    }

    private enum Sides: String, CaseIterable {
        case left, right
    }
}
