import DebianControl
import Identifiers
import Testing

@Suite struct EscapedNameTests {
    @Test(arguments: [
        ("g++", "g_2b_2b"), ("libstdc++6", "libstdc_2b_2b6"), ("0ad", "z__0ad"),
        ("zlib1g.foo", "zlib1g_2efoo"), ("libc6:i386", "libc6_3ai386"), ("a_b", "a_5fb"),
        ("_", "z___5f"), ("z__0ad", "z_5f_5f0ad"), ("-x", "z__-x"),
        ("Installed-Size", "Installed-Size"),
    ])
    func `names have the documented escape`(name: String, escaped: String) {
        #expect(EscapedName.escape(name.utf8) == escaped)
        #expect(EscapedName.unescape(escaped) == Array(name.utf8))
    }

    @Test(arguments: ["", "_61", "a_6", "a_", "a_2B", "z__a", "z__", "a.b", "_2b", "a__b", "0ad"])
    func `what is the escape of nothing is refused`(text: String) {
        #expect(EscapedName.unescape(text) == nil)
    }

    @Test func `the longest escape has 119 bytes`() {
        let name = [UInt8](repeating: UInt8(ascii: "a"), count: 119)
        #expect(EscapedName.escape(name)?.utf8.count == 119)
        #expect(EscapedName.escape(name + [0x61]) == nil)
        #expect(EscapedName.escape(name.dropLast() + [0x2B]) == nil)
    }

    @Test func `random bytes round trip and keep to the allowed characters`() throws {
        let seed: UInt64 = 0x5EED_0001
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var names: Set<[UInt8]> = []
        var escapes: Set<String> = []
        let frequent = Array("_z09a+:".utf8)
        for _ in 0..<20_000 {
            let count = 1 + Int(random.next() % 12)
            let name = (0..<count).map { _ in
                let byte = random.next()
                return byte & 0x300 == 0
                    ? UInt8(truncatingIfNeeded: byte) : frequent[Int(byte >> 16) % 7]
            }
            let escaped = try #require(EscapedName.escape(name))
            #expect(escaped.wholeMatch(of: /[A-Za-z][A-Za-z0-9_-]*/) != nil)
            #expect(EscapedName.unescape(escaped) == name)
            names.insert(name)
            escapes.insert(escaped)
        }
        #expect(names.count == escapes.count)
    }
}
