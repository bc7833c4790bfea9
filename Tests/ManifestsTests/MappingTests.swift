import Foundation
import Manifests
import Properties
import Testing

/// What elements become.
@Suite struct MappingTests {
    private func problems(_ inside: String, kind: String = "manifest") -> [String] {
        do {
            _ = try Samples.service(inside, kind: kind)
            return []
        } catch {
            guard let failure = error as? ManifestFailure, case .invalid(let problems, _) = failure
            else { return ["refused otherwise: \(error)"] }
            return problems.map(\.description)
        }
    }

    @Test func `the queue's manifest says what the listing has`() throws {
        let tree = try Samples.tree(try Samples.file("queue.xml"))
        let wanted = String(decoding: try Samples.file("queue.txt"), as: UTF8.self)
        #expect(Samples.listing(tree).joined(separator: "\n") + "\n" == wanted)
    }

    @Test func `a value that is none of its type refuses the document, with its line`() throws {
        let bytes = try Samples.file("bad-propval-badcount.xml")
        #expect {
            _ = try Samples.tree(bytes)
        } throws: { error in
            "\(error)" == """
                line 8, column 49: "1x" is no count, which \
                svc:/application/example/bad/:properties/poor/n wants
                """
        }
    }

    @Test func `all that is wrong is told at once, in the order of the document`() {
        let bytes = DocumentParserTests.document(
            """
            <property_group name='g' type='t'><propval name='p' type='count' value='a'/>
            </property_group>
            <property_group name='h'><propval name='p' type='count' value='not read'/>
            </property_group>
            <property_group name='k' type='t'>
            <propval name='p' type='astring' value='\(String(repeating: "v", count: 5_000))'/>
            </property_group>
            <nonsense/>
            <instance name='i' enabled='maybe'><property_group name='1' type='t'/></instance>
            <instance name='j'/>
            """)
        do {
            _ = try ManifestDocument(parsing: bytes)
            Issue.record("the document is taken")
        } catch {
            let told = "\(error)".split(separator: "\n").map {
                $0.replacing(/, column \d+/, with: "")
            }
            let text = String(repeating: "v", count: 40)
            #expect(
                told == [
                    "line 5: \"a\" is no count, which svc:/a/b/:properties/g/p wants",
                    "line 7: property_group lacks the attribute type",
                    "line 10: a value of svc:/a/b/:properties/k/p has 5000 bytes, the most of an "
                        + "astring are 4095: \"\(text)…\"; split it into several values",
                    "line 12: there is no element nonsense in service bundles",
                    "line 13: enabled of instance is \"maybe\", not one of true, false",
                    "line 13: \"1\" is no name of a property group",
                    "line 14: instance lacks the attribute enabled",
                ])
        }
    }

    @Test func `templates, dependents and contexts become groups`() throws {
        let tree = try Samples.tree(try Samples.file("template.xml"))
        let wanted = String(decoding: try Samples.file("template.txt"), as: UTF8.self)
        #expect(Samples.listing(tree).joined(separator: "\n") + "\n" == wanted)
        let service = try Samples.path("svc:/site/print")
        #expect(tree[service]?["old"]?.isDeletion == true)
        #expect(tree[service]?["any"]?.isDeletion == true)
        #expect(
            tree[service]?["any"]?.properties.filter(\.isOverride).map(\.name) == ["note"])
        #expect(tree[try Samples.path("svc:/milestone/multi-user")]?.isDeclared == false)
        #expect(tree[service]?.isDeclared == true)
    }

    private static let values: [(type: String, text: String, wanted: String?)] = [
        ("boolean", "true", "true"), ("boolean", "false", "false"), ("boolean", "1", nil),
        ("boolean", "t", nil), ("boolean", "", nil),
        ("count", "010", "10"), ("count", "0x10", nil), ("count", "+5", "5"),
        ("count", "18446744073709551615", "18446744073709551615"),
        ("count", "18446744073709551616", nil), ("count", "-1", nil), ("count", "-0", nil),
        ("count", "-18446744073709551616", nil), ("count", "", nil), ("count", "-", nil),
        ("count", " 1", nil), ("count", "1 ", nil), ("count", "1x", nil), ("count", "--1", nil),
        ("integer", "-9223372036854775808", "-9223372036854775808"),
        ("integer", "9223372036854775808", nil), ("integer", "", nil), ("integer", "0x1", nil),
        ("integer", "-007", "-7"),
        ("time", "1.5", "1.500000000"), ("time", "1.", nil), ("time", "now", nil),
        ("opaque", "00Ff", "00ff"), ("opaque", "0", nil), ("opaque", "zz", nil),
        ("astring", "", ""), ("ustring", "ö", "ö"),
        ("uri", "http://h/p", "http://h/p"), ("uri", "http://h", nil),
        ("fmri", "svc:/a:b", "svc:/a:b"), ("fmri", "svc:/ a", nil),
        ("host", "h.example", "h.example"), ("hostname", "h.example", "h.example"),
        ("net_address", "192.0.2.1/33", nil), ("net_address", "::1/64", "::1/64"),
        ("net_address_v4", "192.0.2.1", "192.0.2.1"), ("net_address_v4", "::1", nil),
        ("net_address_v6", "2001:db8::", "2001:db8::"), ("net_address_v6", "192.0.2.1", nil),
    ]

    @Test(arguments: values.indices)
    func `values are read as their types have them`(_ number: Int) throws {
        let (type, text, wanted) = Self.values[number]
        for element in [
            "<propval name='p' type='\(type)' value='\(text)'/>",
            """
            <property name='p' type='\(type)'><\(type)_list><value_node value='\(text)'/>\
            </\(type)_list></property>
            """,
        ] {
            let group = "<property_group name='g' type='t'>\(element)</property_group>"
            guard let wanted else {
                #expect(
                    problems(group).first?.contains("\"\(text)\" is no \(type)") == true,
                    "\(element): \(problems(group))")
                continue
            }
            let content = try Samples.service(group).entities.first?["g"]?["p"]
            #expect(content?.type.description == type)
            #expect(
                content?.values.map { String(decoding: $0.stringBytes, as: UTF8.self) }
                    == [wanted], "\(element)")
        }
    }

    @Test(arguments: [
        ("-1", "18446744073709551615"), ("-2", "18446744073709551614"), ("0", "0"), ("-x", nil),
        ("-18446744073709551616", nil),
    ])
    func `only the time limit of a method may be negative`(_ text: String, _ wanted: String?) throws
    {
        let inside = """
            <exec_method name='m' type='method' exec=':true' timeout_seconds='\(text)'>\
            <propval name='own' type='count' value='7'/></exec_method>
            """
        guard let wanted else {
            #expect(problems(inside).first?.contains("\"\(text)\" is no count") == true)
            return
        }
        let content = try Samples.service(inside).entities.first?["m"]?["timeout_seconds"]
        #expect(content == (try Samples.content(.count, wanted)))
        let refused = inside.replacingOccurrences(of: "'7'", with: "'-7'")
        #expect(problems(refused) != [])
    }

    @Test func `notification parameters are a group for each event`() throws {
        let tree = try Samples.service(
            """
            <notification_parameters>
            <event value='to-maintenance,problem-repaired'/>
            <type name='smtp' active='false'>
            <parameter name='to'><value_node value='a@b'/><value_node value='c@d'/></parameter>
            </type>
            <type name='snmp'/>
            </notification_parameters>
            """)
        let service = try #require(tree.entities.first)
        #expect(service.groups.map(\.name) == ["problem-repaired,fmnotify", "to-maintenance"])
        for group in service.groups {
            #expect(group.type == "notify_params")
            #expect(group["smtp,active"] == (try Samples.content(.boolean, "false")))
            #expect(group["smtp,to"] == (try Samples.content(.astring, "a@b", "c@d")))
            #expect(group["snmp,active"] == (try Samples.content(.boolean, "true")))
        }
        let exported = try tree.bundle(named: "x").encoded()
        #expect(try Samples.tree(exported) == tree)
    }

    @Test func `all transitions are twelve groups, and what is no event is refused`() throws {
        let all = try Samples.service(
            "<notification_parameters><event value='all'/><type name='t'/></notification_parameters>"
        )
        #expect(all.entities.first?.groups.count == 12)
        let wrong = problems(
            """
            <notification_parameters><event value='to-nowhere'/><type name='t'/>\
            </notification_parameters>
            """)
        #expect(wrong.first?.contains("\"to-nowhere\" is no event") == true)
    }

    private static let refusals: [(inside: String, message: String)] = [
        ("<property_group name='1' type='t'/>", "\"1\" is no name of a property group"),
        ("<property_group name='g' type='a b'/>", "\"a b\" is no type of a property group"),
        (
            "<property_group name='g' type='t'><property name='p q' type='count'/></property_group>",
            "\"p q\" is no name of a property"
        ),
        (
            """
            <property_group name='g' type='t'><property name='p' type='count'/>\
            <property name='p' type='count'/></property_group>
            """, "g/p is told twice"
        ),
        (
            "<property_group name='g' type='t'/><property_group name='g' type='u'/>",
            "g is of type t and of type u"
        ),
        (
            """
            <property_group name='g' type='t'><property name='p' type='count'><integer_list>\
            <value_node value='1'/></integer_list></property></property_group>
            """,
            "p is of type count, but has an integer_list"
        ),
        (
            "<instance name='i' enabled='true'/><instance name='i' enabled='true'/>",
            "svc:/a/b:i is declared twice"
        ),
        ("<instance name='a:b' enabled='true'/>", "\"a:b\" is no name of an instance"),
        ("<restarter><service_fmri value='a b'/></restarter>", "\"a b\" is no fmri"),
        (
            """
            <dependency name='d' grouping='require_all' restart_on='none' type='service'>\
            <service_fmri value='svc:/?'/></dependency>
            """, "\"svc:/?\" is no fmri"
        ),
        (
            """
            <dependent name='d' grouping='require_all' restart_on='none'>\
            <service_fmri value='file:///x'/></dependent>
            """,
            "\"file:///x\" is no service and no instance"
        ),
        (
            """
            <dependent name='d' grouping='require_all' restart_on='none'>
            <service_fmri value='svc:/c'/></dependent>
            <dependent name='d' grouping='require_all' restart_on='none'>
            <service_fmri value='svc:/c'/></dependent>
            """, "svc:/c has a group d already"
        ),
        (
            "<exec_method type='method' name='m' exec='x' timeout_seconds='soon'/>",
            "\"soon\" is no count"
        ),
        (
            """
            <method_context><method_environment><envvar name='SMF_X' value=''/>\
            </method_environment></method_context>
            """, "\"SMF_X\" may not be set"
        ),
        (
            """
            <method_context><method_environment><envvar name='A=B' value=''/>\
            </method_environment></method_context>
            """, "\"A=B\" may not be set"
        ),
        (
            "<template><common_name><loctext xml:lang='C'> </loctext></common_name></template>",
            "loctext is empty"
        ),
    ]

    @Test(arguments: refusals.indices)
    func `what cannot be is refused`(_ number: Int) {
        let (inside, message) = Self.refusals[number]
        let problems = problems(inside)
        #expect(problems.contains { $0.contains(message) }, "\(inside): \(problems)")
        #expect(problems.allSatisfy { $0.hasPrefix("line ") }, "\(problems)")
    }

    private static let patterns: [(inside: String, message: String)] = [
        ("<cardinality min='2' max='1'/>", "minimum 2 is over its maximum 1"),
        ("<cardinality min='-1'/>", "min is negative"),
        ("<cardinality min='x'/>", "\"x\" is no count"),
        ("<internal_separators/>", "there are no separators"),
        ("<constraints><range min='9' max='1'/></constraints>", "the range is none"),
        ("<constraints><range min='a' max='1'/></constraints>", "the range is none"),
    ]

    @Test(arguments: patterns.indices)
    func `patterns are checked`(_ number: Int) {
        let (inside, message) = Self.patterns[number]
        let text = """
            <template><common_name><loctext xml:lang='C'>x</loctext></common_name>
            <pg_pattern name='g'><prop_pattern name='p'>\(inside)</prop_pattern></pg_pattern>
            </template>
            """
        #expect(problems(text).contains { $0.contains(message) }, "\(problems(text))")
    }

    @Test func `a profile may not change a template`() {
        let text =
            "<template><common_name><loctext xml:lang='C'>x</loctext></common_name></template>"
        #expect(
            problems(text, kind: "profile").first?.contains("may not change the template") == true)
    }

    @Test func `groups told in parts come together`() throws {
        let tree = try Samples.service(
            """
            <single_instance/>
            <property_group name='general' type='framework'>
            <propval name='package' type='astring' value='p'/></property_group>
            <property_group name='g' type='t'/>
            <property_group name='g' type='t'><property name='p' type='count'/></property_group>
            """)
        #expect(
            Samples.listing(tree) == [
                "svc:/a/b/:properties/g t", "svc:/a/b/:properties/g/p count",
                "svc:/a/b/:properties/general framework",
                "svc:/a/b/:properties/general/package astring p",
                "svc:/a/b/:properties/general/single_instance boolean true",
            ])
    }
}
