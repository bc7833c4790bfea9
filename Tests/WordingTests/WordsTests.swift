import Testing
import Wording

/// How messages count and quote.
@Suite struct WordsTests {
    @Test func `one is told as one, and anything else as several`() {
        #expect(Words.counted(0, "change") == "0 changes")
        #expect(Words.counted(1, "change") == "1 change")
        #expect(Words.counted(2, "entry", "entries") == "2 entries")
        #expect(Words.counted(UInt64(1), "entry", "entries") == "1 entry")
    }

    @Test(arguments: [
        ("manifest", "a manifest"), ("archive", "an archive"), ("integer_list", "an integer_list"),
        ("uri_list", "a uri_list"), ("ustring", "a ustring"), ("", "a "),
    ])
    func `an article fits the word behind it`(_ word: String, _ told: String) {
        #expect(Words.withArticle(word) == told)
    }

    @Test func `a quoted text is on one line and as long as a line may be`() {
        #expect(Words.quoted("") == "\"\"")
        #expect(Words.quoted("a é'") == "\"a é'\"")
        #expect(Words.quoted("a\n\"\u{1B}\\") == #""a\n\"\u{1B}\\""#)
        let most = String(repeating: "x", count: 40)
        #expect(Words.quoted(most) == "\"\(most)\"")
        #expect(Words.quoted(most + "x") == "\"\(most)…\"")
        // One character may be many scalars.
        let marks = "a" + String(repeating: "\u{301}", count: 1_000)
        #expect(Words.quoted(marks).unicodeScalars.count == 43)
    }
}
