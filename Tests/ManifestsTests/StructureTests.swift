import Manifests
import Properties
import Testing

/// Each way of leaving the document type is told, with its line.
@Suite struct StructureTests {
    private static let cases: [(inside: String, line: Int, message: String)] = [
        ("<nonsense/>", 5, "there is no element nonsense"),
        (
            "<units/>", 5,
            "units may not be in service, which holds create_default_instance, single_instance, "
        ),
        (
            "<property_group name='g' type='t'/>\n<nonsense/>\n<single_instance/>", 7,
            "single_instance must stand before property_group in service"
        ),
        (
            "<single_instance>\n<stability value='Stable'/></single_instance>", 6,
            "holds no elements"
        ),
        ("text", 5, "service holds no text"),
        ("<create_default_instance/>", 5, "create_default_instance lacks the attribute enabled"),
        (
            "<create_default_instance enabled='yes'/>", 5,
            "enabled of create_default_instance is \"yes\", not one of true, false"
        ),
        ("<single_instance x='1'/>", 5, "single_instance has no attribute x"),
        (
            "<single_instance/>\n<create_default_instance enabled='true'/>", 6,
            "create_default_instance must stand before single_instance in service"
        ),
        (
            "<single_instance/>\n<single_instance/>", 6,
            "single_instance is one too many in service, which holds one single_instance"
        ),
        ("<restarter/>", 5, "restarter lacks service_fmri here"),
        ("<instance name='i'/>", 5, "instance lacks the attribute enabled"),
        (
            "<instance name='i' enabled='true'><instance name='j' enabled='true'/></instance>", 5,
            "instance may not be in instance, which holds restarter, dependency"
        ),
        (
            "<dependency name='d' grouping='all' restart_on='none' type='service'/>", 5,
            "grouping of dependency is \"all\""
        ),
        (
            "<dependent name='d' grouping='require_all' restart_on='none'/>", 5,
            "dependent lacks service_fmri here"
        ),
        (
            "<exec_method type='method' name='start' exec='x'/>", 5,
            "exec_method lacks the attribute timeout_seconds"
        ),
        (
            "<method_context>\n<method_environment/></method_context>", 6,
            "method_environment lacks envvar here"
        ),
        (
            """
            <method_context><method_credential user='u'/>
            <method_profile name='p'/></method_context>
            """, 6,
            "method_profile is one too many in method_context, which holds one method_profile or "
        ),
        (
            """
            <property_group name='g' type='t'><propval name='p' type='number' value='1'/>\
            </property_group>
            """, 5, "type of propval is \"number\""
        ),
        (
            """
            <property_group name='g' type='t'><property name='p' type='count'><count_list/>\
            </property></property_group>
            """, 5, "count_list lacks value_node here"
        ),
        (
            """
            <property_group name='g' type='t'><propval name='p' type='count' value='1'/>
            <stability value='Stable'/></property_group>
            """, 6,
            "stability must stand before propval in property_group"
        ),
        ("<template><description/></template>", 5, "template lacks common_name here"),
        (
            "<template><common_name><loctext>x</loctext></common_name></template>", 5,
            "loctext lacks the attribute xml:lang"
        ),
        ("<xi:include xmlns:xi='x' href='other.xml'/>", 5, "\"other.xml\" is not read"),
    ]

    private func problems(_ bytes: [UInt8]) -> [ManifestProblem] {
        do {
            _ = try ServiceBundle(parsing: bytes)
            return []
        } catch {
            guard case .invalid(let problems, _) = error else {
                Issue.record("refused otherwise: \(error)")
                return []
            }
            return problems
        }
    }

    @Test(arguments: cases.indices)
    func `a deviation is told with its line`(_ number: Int) {
        let (inside, line, message) = Self.cases[number]
        let problems = problems(DocumentParserTests.document(inside))
        #expect(
            problems.contains { $0.place.line == line && $0.what.contains(message) },
            "\(inside): \(problems)")
    }

    @Test func `an element's place is where its tag begins`() {
        let inside = """
            <!-- ü < --><property_group name='ü'
              type='>'
              x='1'><propval
              name='p'/></property_group><single_instance x='1'/>
            """
        let text = DocumentParserTests.document(inside)
        let places = problems(text).map { "\($0.place.line):\($0.place.column) \($0.what)" }
        #expect(places.contains("5:13 property_group has no attribute x"), "\(places)")
        #expect(places.contains("7:9 propval lacks the attribute type"), "\(places)")
        #expect(places.contains("8:30 single_instance has no attribute x"), "\(places)")
        // Of what is translated first, the end of the tag is known.
        let head = "<?xml version='1.0' encoding='ISO-8859-1'?>\n<service name='"
        let latin = Array(head.utf8) + [0xFC]
        #expect(problems(latin + Array("'/>".utf8)).map(\.place.line) == [2])
    }

    @Test func `a byte order mark is no character of the first line`() {
        let text = "<service_bundle type='manifest' name='x'><nonsense/>\n<folly/></service_bundle>"
        let places = problems(Array(text.utf8)).map { "\($0.place.line):\($0.place.column)" }
        #expect(places == ["1:42", "2:1"])
        let marked = problems([0xEF, 0xBB, 0xBF] + Array(text.utf8))
        #expect(marked.map { "\($0.place.line):\($0.place.column)" } == places)
    }

    @Test func `all deviations are told, up to the bound`() {
        let two = problems(DocumentParserTests.document("<nonsense x='1'/>\n<folly/>"))
        #expect(two.map(\.place.line) == [5, 6], "\(two)")
        let many = DocumentParserTests.document(String(repeating: "<nonsense/>", count: 300))
        #expect(problems(many).count == 100)
        do {
            _ = try ServiceBundle(parsing: many)
        } catch {
            #expect("\(error)".hasSuffix("\nand 200 more problems"))
        }
    }

    @Test func `the document must be a bundle of a known type`() {
        #expect(
            problems(Array("<service/>".utf8)).first?.what
                == "the document is a service, not a service_bundle")
        let odd = problems(Array("<service_bundle type='heap' name='x'/>".utf8))
        #expect(odd.first?.what.contains("not one of manifest, profile, archive") == true)
        let unnamed = problems(Array("<service_bundle type='profile'/>".utf8))
        #expect(unnamed.first?.what == "service_bundle lacks the attribute name")
    }

    @Test func `bundles nest, but not of different types, nor beside services`() throws {
        let service = "<service name='a' type='service' version='1'/>"
        func bundle(_ type: String, _ inside: String) -> String {
            "<service_bundle type='\(type)' name='x'>\(inside)</service_bundle>"
        }
        let nested = bundle("manifest", bundle("manifest", service) + bundle("manifest", ""))
        #expect(try ServiceBundle(parsing: Array(nested.utf8)).services.count == 1)
        let mixed = problems(Array(bundle("manifest", bundle("profile", service)).utf8))
        #expect(mixed.map(\.what) == ["the bundle is no manifest as the outer"])
        let beside = problems(
            Array(bundle("manifest", bundle("manifest", "") + service).utf8))
        #expect(beside.first?.what.contains("service may not be in service_bundle here") == true)
    }

    @Test(arguments: ["archive", "profile"])
    func `only a manifest must tell whether instances are enabled`(_ type: String) throws {
        let text =
            """
            <service_bundle type='\(type)' name='x'><service name='a' type='service' \
            version='1'><instance name='i'/></service></service_bundle>
            """
        let tree = try ServiceTree(ServiceBundle(parsing: Array(text.utf8)))
        #expect(tree.entities.map(\.path.description) == ["svc:/a", "svc:/a:i"])
        #expect(tree.entities.allSatisfy { $0.groups.isEmpty })
    }
}
