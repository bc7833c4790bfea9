import Testing
import Wording

@Suite struct NearestNameTests {
    @Test(arguments: [
        ("impor", "import"), ("imports", "import"), ("exprot", "export"), ("frob", nil),
        ("", nil), ("port", "export"), ("lost", "list"), ("loot", nil),
    ])
    func `the nearest name is meant where a third of its letters differ at the most`(
        _ text: String, _ name: String?
    ) {
        #expect(NearestName.of(text, among: ["export", "import", "list"]) == name)
    }

    @Test func `of none, none is meant`() {
        #expect(NearestName.of("a", among: []) == nil)
        #expect(NearestName.hint("a", among: []) == "")
        #expect(NearestName.hint("lis", among: ["list"]) == ", did you mean list?")
    }
}
