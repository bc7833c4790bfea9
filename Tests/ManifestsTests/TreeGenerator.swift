import Identifiers
import Manifests
import Properties

/// Makes trees of all shapes that a bundle can tell, from a stream of numbers.
struct TreeGenerator {
    private var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    private mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &random) < percent
    }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        guard let value = values.randomElement(using: &random) else {
            preconditionFailure("nothing to pick from")
        }
        return value
    }

    /// Up to three services with up to three instances each, and dependents between them.
    mutating func tree() -> ServiceTree {
        var entities: [PropertyPath: [GroupTree]] = [:]
        for service in ["a", "site/b", "site/c"].prefix(Int.random(in: 0...3, using: &random)) {
            guard let path = PropertyPath(service: service) else { continue }
            entities[path] = groups()
            for instance in ["default", "i", "j"] where chance(50) {
                guard let path = PropertyPath(service: service, instance: instance) else {
                    continue
                }
                entities[path] = chance(30) ? enabledOnly() : groups()
            }
        }
        let declared = Set(entities.keys)
        for owner in declared.sorted(by: { $0.description < $1.description }) where chance(40) {
            addDependent(of: owner, &entities)
        }
        return ServiceTree(
            entities.map { EntityTree($0, isDeclared: declared.contains($0), groups: $1) })
    }

    private mutating func enabledOnly() -> [GroupTree] {
        guard let content = PropertyContent(type: .boolean, strings: ["false"]) else {
            preconditionFailure("false is no boolean")
        }
        return [GroupTree("general", type: "framework", [PropertyTree("enabled", content)])]
    }

    private mutating func groups() -> [GroupTree] {
        var groups: [String: GroupTree] = [:]
        for _ in 0..<Int.random(in: 0...7, using: &random) {
            let group = group()
            groups[group.name] = group
        }
        if chance(15) {
            for group in template() { groups[group.name] = group }
        }
        return Array(groups.values)
    }

    /// The groups of a whole template.
    private func template() -> [GroupTree] {
        [
            ("tm_common_name", "template"), ("tm_pgpatnt_config", "template_pg_pattern"),
            ("tm_proppat_nt_config_size", "template_prop_pattern"),
        ].map { name, type in
            GroupTree(
                name, type: type,
                usual(name, type).map { property, type, texts in
                    guard let content = PropertyContent(type: type, strings: texts) else {
                        preconditionFailure("\(texts) are no \(type)")
                    }
                    return PropertyTree(property, content)
                })
        }
    }

    /// Names and types of groups that have elements of their own, and some that have none.
    private mutating func group() -> GroupTree {
        let (name, type) = pick([
            ("general", "framework"), ("general", "framework"), ("general", "application"),
            ("start", "method"), ("net", "dependency"), ("method_context", "framework"),
            ("dependents", "framework"), ("config", "application"), ("g", "x,y"),
            ("tm_common_name", "template"), ("tm_common_name", "template"),
            ("tm_description", "template"), ("tm_man_lp1", "template"),
            ("tm_doc_x", "template"), ("tm_pgpatnt_config", "template_pg_pattern"),
            ("tm_proppat_nt_config_size", "template_prop_pattern"),
            ("tm_pgpat_", "template_pg_pattern"),
        ])
        var properties: [String: PropertyTree] = [:]
        for (name, type, texts) in usual(name, type) where chance(85) {
            guard let content = PropertyContent(type: type, strings: texts) else {
                preconditionFailure("\(texts) are no \(type)")
            }
            properties[name] = PropertyTree(name, content, isOverride: chance(3))
        }
        while chance(30) {
            let property = property()
            properties[property.name] = property
        }
        return GroupTree(name, type: type, isDeletion: chance(4), Array(properties.values))
    }

    /// The properties that make an element of a group, all but one of them at times.
    private func usual(_ name: String, _ type: String) -> [(String, PropertyType, [String])] {
        switch (name, type) {
        case ("general", _):
            [
                ("enabled", .boolean, ["true"]), ("restarter", .fmri, ["svc:/r:default"]),
                ("single_instance", .boolean, ["true"]), ("entity_stability", .astring, ["Stable"]),
            ]
        case (_, "method"):
            [
                ("type", .astring, ["method"]), ("exec", .astring, [":kill"]),
                ("timeout_seconds", .count, ["18446744073709551615"]),
                ("use_profile", .boolean, ["false"]), ("user", .astring, ["u"]),
                ("environment", .astring, ["A=b=c", "B="]),
            ]
        case (_, "dependency"):
            [
                ("type", .astring, ["service"]), ("grouping", .astring, ["require_all"]),
                ("restart_on", .astring, ["none"]), ("entities", .fmri, ["svc:/x", "svc:/y:z"]),
            ]
        case ("method_context", _):
            [
                ("use_profile", .boolean, ["true"]), ("profile", .astring, ["p"]),
                ("working_directory", .astring, ["/"]),
            ]
        case ("tm_common_name", _), ("tm_description", _):
            [("C", .ustring, ["name & <text>"]), ("de_DE", .ustring, ["ein\nName"])]
        case ("tm_man_lp1", _):
            [
                ("title", .astring, ["lp"]), ("section", .astring, ["1"]),
                ("manpath", .astring, [":default"]),
            ]
        case ("tm_doc_x", _):
            [("name", .astring, ["x"]), ("uri", .astring, ["http://x/"])]
        case ("tm_pgpatnt_config", _):
            [
                ("name", .astring, ["config"]), ("type", .astring, ["application"]),
                ("target", .astring, ["this"]), ("required", .boolean, ["false"]),
            ]
        case ("tm_proppat_nt_config_size", _):
            [
                ("pg_pattern", .astring, ["tm_pgpatnt_config"]), ("name", .astring, ["size"]),
                ("type", .astring, [""]), ("required", .boolean, ["true"]),
                ("values_name", .astring, ["A4", "A3"]), ("choices_name", .astring, ["A3"]),
                ("value_IEZQ----_common_name_C", .ustring, ["large"]),
                ("constraint_range", .astring, ["1,2", "3,4"]),
            ]
        case (_, _):
            []
        }
    }

    private mutating func property() -> PropertyTree {
        let type = pick(PropertyType.allCases)
        let count = pick([0, 1, 1, 2, 5])
        let values = (0..<count).map { _ in value(type) }
        guard let content = PropertyContent(type: type, values: values) else {
            preconditionFailure("\(values) are no \(type)")
        }
        let name = pick(["p", "q", "stability", "profile", "x,y", "user", "enabled", "type"])
        return PropertyTree(name, content, isOverride: chance(10))
    }

    private mutating func value(_ type: PropertyType) -> PropertyValue {
        let text = (0..<Int.random(in: 0...6, using: &random)).map { _ in
            pick(["a", " ", "\n", "\t", "\r", "&", "<", ">", "'", "\"", "é", "\u{1F600}", "]]>"])
        }.joined()
        switch type {
        case .boolean: return .boolean(chance(50))
        case .count: return .count(random.next())
        case .integer: return .integer(Int64(bitPattern: random.next()))
        case .time:
            let nanoseconds = UInt32.random(in: 0..<1_000_000_000, using: &random)
            return .time(
                seconds: Int64(Int32.random(in: .min ... .max, using: &random)),
                nanoseconds: chance(50) ? 0 : nanoseconds)
        case .opaque: return .opaque(text.utf8.map { ~$0 })
        case .astring, .ustring, .host, .hostname: return .text(Array(text.utf8))
        case .uri: return .text(Array("http://h/\(text)".utf8))
        case .fmri: return .text(Array(pick(["svc:/a", "svc:/b:c", "file:///x y"]).utf8))
        case .netAddressV4: return .text(Array("192.0.2.1/8".utf8))
        case .netAddressV6: return .text(Array("::1".utf8))
        case .netAddress: return .text(Array(pick(["192.0.2.1", "::1/3"]).utf8))
        }
    }

    /// A property of `dependents`, and the dependency at its target.
    private mutating func addDependent(
        of owner: PropertyPath, _ entities: inout [PropertyPath: [GroupTree]]
    ) {
        let target = pick(["svc:/a", "svc:/site/b:i", "svc:/elsewhere", "svc:/elsewhere:default"])
        guard let path = PropertyPath(target), path != owner,
            let own = PropertyContent(type: .fmri, strings: [target]),
            let back = PropertyContent(type: .fmri, strings: [owner.description]),
            let yes = PropertyContent(type: .boolean, strings: ["true"]),
            let service = PropertyContent(type: .astring, strings: ["service"]),
            let all = PropertyContent(type: .astring, strings: ["require_all"]),
            let none = PropertyContent(type: .astring, strings: ["none"])
        else { return }
        let name = "on_\(owner.service.hashValueOfBytes)_\(owner.instance ?? "")"
        guard entities[owner]?.contains(where: { $0.name == "dependents" }) == false else { return }
        let isOverride = chance(30)
        func property(_ name: String, _ content: PropertyContent) -> PropertyTree {
            PropertyTree(name, content, isOverride: isOverride)
        }
        entities[owner]?.append(GroupTree("dependents", type: "framework", [property(name, own)]))
        entities[path, default: []].append(
            GroupTree(
                name, type: "dependency",
                [
                    property("entities", back), property("external", yes),
                    property("type", service), property("grouping", all),
                    property("restart_on", none),
                ]))
    }
}

extension String {
    /// A number made of the bytes, the same in every run.
    fileprivate var hashValueOfBytes: Int {
        utf8.reduce(0) { ($0 * 31 + Int($1)) % 1_000 }
    }
}
