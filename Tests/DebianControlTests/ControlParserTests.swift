import DebianControl
import Testing

private func failure(_ text: String, bounds: ControlBounds = ControlBounds()) -> String? {
    do {
        _ = try ControlParser.parse(Array(text.utf8), bounds: bounds)
        return nil
    } catch {
        return error.description
    }
}

@Suite struct ControlParserTests {
    @Test func `paragraphs and folded fields are read with their lines`() throws {
        let text = "\n\nPackage: a\nConffiles:\n /etc/a 1\n /etc/b 2\n \t\n\nPackage: b\nX:y"
        let stanzas = try ControlParser.parse(Array(text.utf8))
        #expect(stanzas.map(\.line) == [3, 9])
        #expect(stanzas[0].fields.map(\.name) == ["Package", "Conffiles"])
        #expect(stanzas[0]["conffiles"]?.value == Array("\n /etc/a 1\n /etc/b 2".utf8))
        #expect(stanzas[0]["PACKAGE"]?.text == "a")
        #expect(stanzas[1]["X"]?.value == Array("y".utf8))
        #expect(stanzas[1].bytes == Array("Package: b\nX:y\n".utf8))
    }

    @Test(arguments: [
        ("Package a\n", "line 1: no colon; a field is written \"Name: value\""),
        (" a: b\n", "line 1: a continuation line stands where a field must begin"),
        ("A: b\n\n c\n", "line 3: a continuation line stands where a field must begin"),
        ("A: b\na: c\n", "line 2: the field a is given twice in one paragraph"),
        (": b\n", "line 1: no name stands before the colon"),
        ("# a: b\n", "line 1: comments are not allowed in this kind of file"),
        (
            "-a: b\n",
            "line 1: a field name holds printable ASCII without spaces, and no '-' in front"
        ),
        (
            "A: b\nÄ: b\n",
            "line 2: a field name holds printable ASCII without spaces, and no '-' in front"
        ),
        ("A: \u{0}\n", "line 1: holds a NUL byte, which no value can hold"),
    ])
    func `a malformed line is told by number`(text: String, message: String) {
        #expect(failure(text) == message)
    }

    @Test func `every bound holds`() {
        var bounds = ControlBounds()
        bounds.fileBytes = 40
        bounds.stanzas = 2
        bounds.fieldsPerStanza = 2
        bounds.nameBytes = 3
        bounds.stanzaBytes = 20
        #expect(failure("A: 1\n\nA: 1\n", bounds: bounds) == nil)
        #expect(
            failure("A: 1\n\nA: 1\n\nA: 1\n", bounds: bounds)
                == "line 5: the file has more than 2 paragraphs")
        #expect(
            failure("A: 1\nB: 1\nC: 1\n", bounds: bounds)
                == "line 3: the paragraph has more than 2 fields")
        #expect(failure("ABCD: 1\n", bounds: bounds) == "line 1: a field name has 4 bytes, over 3")
        #expect(
            failure("A: 1\n 12345678901234567\n", bounds: bounds)
                == "line 2: the paragraph has more than 20 bytes")
        #expect(
            failure(String(repeating: "\n", count: 41), bounds: bounds)
                == "line 1: the file has 41 bytes, over the limit of 40")
    }
}
