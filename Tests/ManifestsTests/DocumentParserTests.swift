import Manifests
import Properties
import Testing

/// What the parser makes of XML before anybody asks what it means.
@Suite struct DocumentParserTests {
    /// A bundle with one service that holds `inside`.
    static func document(_ inside: String, head: String = "") -> [UInt8] {
        Array(
            """
            <?xml version='1.0'?>
            \(head)
            <service_bundle type='manifest' name='x'>
            <service name='a/b' type='service' version='1'>
            \(inside)
            </service>
            </service_bundle>
            """.utf8)
    }

    private func problem(
        _ bytes: [UInt8], _ bounds: ManifestBounds = ManifestBounds()
    ) -> ManifestFailure? {
        do {
            _ = try ServiceBundle(parsing: bytes, bounds: bounds)
            return nil
        } catch {
            return error
        }
    }

    @Test func `text, references and sections of characters arrive as they are meant`() throws {
        let bundle = try ServiceBundle(
            parsing: Self.document(
                """
                <property_group name='g' type='t'>
                <propval name='p' type='astring' value='a&amp;&lt;b&gt; &#xe9;&apos;"&#10;c'/>
                </property_group>
                <template><common_name><loctext xml:lang='C'>x <!-- no -->&amp;<![CDATA[<y>]]>
                </loctext></common_name></template>
                """))
        let tree = try ServiceTree(bundle)
        let groups = try #require(tree.entities.first?.groups)
        #expect(
            groups.first { $0.name == "g" }?["p"]?.values
                == [.text(Array("a&<b> é'\"\nc".utf8))])
        #expect(
            groups.first { $0.name == "tm_common_name" }?["C"]?.values
                == [.text(Array("x &<y>".utf8))])
    }

    @Test func `what is no XML is told with its line and column`() {
        let failure = problem(Self.document("<single_instance>\n</service>"))
        guard case .malformed(let problem)? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(problem.place.line == 6)
        #expect(problem.place.column > 1)
        #expect(problem.what.contains("single_instance"), "\(problem.what)")
    }

    @Test(arguments: [
        "", " ", "x", "<", "<a", "<a/><b/>", "<?xml version='1.0' encoding='no-such'?><a/>",
        "<a b='1' b='2'/>", "<a>\u{1}</a>", "<a>&#0;</a>", "<x:a/>", "<!DOCTYPE a",
    ])
    func `a broken document is malformed`(_ text: String) {
        guard case .malformed? = problem(Array(text.utf8)) else {
            Issue.record("\(text) is taken, or refused otherwise")
            return
        }
    }

    @Test(arguments: [
        "<!DOCTYPE service_bundle [<!ENTITY e 'text'>]>",
        "<!DOCTYPE service_bundle [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE service_bundle [<!ENTITY % e SYSTEM 'file:///etc/passwd'> %e;]>",
        "<!DOCTYPE service_bundle [<!ELEMENT service_bundle ANY>]>",
        "<!DOCTYPE service_bundle [<!ATTLIST service_bundle a (x|y) 'x'>]>",
        "<!DOCTYPE service_bundle [<!NOTATION n SYSTEM 'x'>]>",
    ])
    func `a document may declare nothing`(_ head: String) {
        let failure = problem(Self.document("", head: head))
        #expect(failure?.description.contains("declares types of its own") == true, "\(head)")
        guard case .malformed(let problem)? = failure else { return }
        #expect(problem.place.line == 2, "\(head)")
    }

    @Test(arguments: [
        "<propval name='p' type='astring' value='&e;'/>", "&e;",
    ])
    func `an entity that is not XML's own is refused where it is used`(_ use: String) {
        let group = "<property_group name='g' type='t'>\(use)</property_group>"
        for head in ["", "<!DOCTYPE service_bundle SYSTEM 'http://192.0.2.1/none.dtd'>"] {
            let text = problem(Self.document(group, head: head))?.description ?? "taken"
            #expect(text.contains("the entity e is none of XML's own"), "\(text)")
        }
    }

    @Test func `the type that a document names is not fetched`() throws {
        let head = "<!DOCTYPE service_bundle SYSTEM '/proc/self/mem'>"
        _ = try ServiceBundle(parsing: Self.document("", head: head))
    }

    @Test func `a document larger than the bound is not looked at`() {
        var bounds = ManifestBounds()
        bounds.documentBytes = 10
        #expect(
            problem(Array(repeating: 0, count: 11), bounds) == .tooLarge(bytes: 11, limit: 10))
        #expect(
            ManifestFailure.tooLarge(bytes: 11, limit: 10).description
                == "the document has 11 bytes, over the limit of 10; divide it")
    }

    private static let bounded: [(String, String, ManifestBounds)] = {
        func bounds(_ change: (inout ManifestBounds) -> Void) -> ManifestBounds {
            var bounds = ManifestBounds()
            change(&bounds)
            return bounds
        }
        return [
            ("<single_instance/>", "nested more than 2 deep", bounds { $0.depth = 2 }),
            ("<single_instance/>", "more than 2 elements", bounds { $0.elements = 2 }),
            (
                "<instance name='a' enabled='true' x='1' y='2'/>", "more than 3 attributes",
                bounds { $0.attributesPerElement = 3 }
            ),
            (
                "<instance name='\(String(repeating: "a", count: 9))' enabled='true'/>",
                "name has more than 8 bytes", bounds { $0.attributeBytes = 8 }
            ),
            (
                """
                <template><common_name><loctext xml:lang='C'>12345678</loctext></common_name>\
                </template>
                """, "loctext has more than 7 bytes", bounds { $0.textBytes = 7 }
            ),
        ]
    }()

    @Test(arguments: bounded.indices)
    func `each bound ends the parsing`(_ number: Int) {
        let (inside, message, bounds) = Self.bounded[number]
        let text = problem(Self.document(inside), bounds)?.description ?? "taken"
        #expect(text.contains(message), "\(text)")
        if message.contains("elements") || message.contains("deep") || message.contains("loctext") {
            #expect(text.contains("line 5"), "\(text)")
        }
    }

    @Test func `nesting without end is ended by the bound`() {
        let text = Array(String(repeating: "<service_bundle>", count: 100_000).utf8)
        #expect(problem(text)?.description.contains("nested more than 32 deep") == true)
    }
}
