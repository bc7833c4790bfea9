import JSON
import Testing

@Suite struct JSONValueTests {
    @Test(
        arguments: [
            (.null, "null"),
            (.boolean(true), "true"),
            (.exact(-5), "-5"),
            (.exact(UInt64(1) << 53), "9007199254740992"),
            (.exact((UInt64(1) << 53) + 1), "\"9007199254740993\""),
            (.exact(Int64.min), "\"-9223372036854775808\""),
            (.string("a\"b\\c\n\r\t\u{01}\u{7F}é😀/"), #""a\"b\\c\n\r\t\u0001\u007fé😀/""#),
            (.array([.null, .array([])]), "[null,[]]"),
            (.object([]), "{}"),
            (
                .object([JSONMember("b", .boolean(false)), JSONMember("a\"", .null)]),
                #"{"b":false,"a\"":null}"#
            ),
            (.bytes(Array("plain é".utf8)), "\"plain é\""),
            (.bytes([0xFF, 0x00]), #"{"hex":"ff00"}"#),
            (.bytes([0x61, 0x0A]), #"{"hex":"610a"}"#),
            (.number(1e10, decimals: 9), "null"),
            (.number(1e8, decimals: 9), "100000000.000000000"),
            (.number(.nan, decimals: 0), "null"),
        ] as [(JSONValue, String)])
    func `values are written in one way`(value: JSONValue, text: String) {
        #expect(value.text == text)
    }
}
