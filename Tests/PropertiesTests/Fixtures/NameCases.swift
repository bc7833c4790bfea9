import Properties
import Testing

/// One name that libscf takes, or refuses, for a kind of thing.
struct NameCase: Sendable, CustomTestStringConvertible {
    let id: String
    let kind: NameRules.Kind
    let name: String
    let isValid: Bool

    init(_ id: String, _ kind: NameRules.Kind, _ name: String, _ isValid: Bool) {
        self.id = id
        self.kind = kind
        self.name = name
        self.isValid = isValid
    }

    var testDescription: String {
        "\(id) \(kind) \(name.prefix(40))"
    }
}

extension NameCase {
    /// What libscf's name check does with each name.
    static let all: [NameCase] = [
        .init("n001", .instance, "foo", true),
        .init("n004", .instance, "foo-bar_1", true),
        .init("n007", .instance, "A9", true),
        .init("n010", .instance, "a_", true),
        .init("n013", .instance, "1foo", false),
        .init("n016", .instance, "foo.bar", false),
        .init("n019", .instance, ",foo", false),
        .init("n022", .instance, "foo:bar", false),
        .init("n025", .instance, "foo/", false),
        .init("n028", .instance, String(repeating: "x", count: 130), false),
        .init("n031", .instance, "foo;", false),
        .init("n034", .group, "Foo", true),
        .init("n037", .group, "SUNW,foo", true),
        .init("n040", .group, String(repeating: "x", count: 119), true),
        .init("n043", .group, "com.sun-x_1,foo-2", true),
        .init("n046", .group, "-foo", false),
        .init("n049", .group, "foo bar", false),
        .init("n052", .group, "SUNW,1foo", false),
        .init("n055", .group, "foo@x", false),
        .init("n058", .group, "foo!", false),
        .init("n061", .group, "foo\n", false),
        .init("n064", .group, "foo/bar", false),
        .init("n067", .groupType, "f", true),
        .init("n070", .groupType, "com.sun,foo", true),
        .init("n073", .groupType, "a--b", true),
        .init("n076", .groupType, "", false),
        .init("n079", .groupType, "_foo", false),
        .init("n082", .groupType, "SUNW,", false),
        .init("n085", .groupType, "aa,bb,cc", false),
        .init("n088", .groupType, "föo", false),
        .init("n091", .groupType, "1a,foo", false),
        .init("n094", .groupType, "*", false),
        .init("n097", .property, "foo", true),
        .init("n100", .property, "foo-bar_1", true),
        .init("n103", .property, "A9", true),
        .init("n106", .property, "a_", true),
        .init("n109", .property, "1foo", false),
        .init("n112", .property, "foo.bar", false),
        .init("n115", .property, ",foo", false),
        .init("n118", .property, "foo:bar", false),
        .init("n121", .property, "foo/", false),
        .init("n124", .property, String(repeating: "x", count: 130), false),
        .init("n127", .property, "foo;", false),
        .init("n130", .snapshot, "Foo", true),
        .init("n133", .snapshot, "SUNW,foo", true),
        .init("n136", .snapshot, String(repeating: "x", count: 119), true),
        .init("n139", .snapshot, "com.sun-x_1,foo-2", true),
        .init("n142", .snapshot, "-foo", false),
        .init("n145", .snapshot, "foo bar", false),
        .init("n148", .snapshot, "SUNW,1foo", false),
        .init("n151", .snapshot, "foo@x", false),
        .init("n154", .snapshot, "foo!", false),
        .init("n157", .snapshot, "foo\n", false),
        .init("n160", .snapshot, "foo/bar", false),
        .init("n163", .service, "f", true),
        .init("n166", .service, "com.sun,foo", true),
        .init("n169", .service, "a--b", true),
        .init("n172", .service, "network/ssh", true),
        .init("n175", .service, "net/SUNW,ssh", true),
        .init("n178", .service, "1foo", false),
        .init("n181", .service, "foo.bar", false),
        .init("n184", .service, ",foo", false),
        .init("n187", .service, "foo:bar", false),
        .init("n190", .service, "foo!", false),
        .init("n193", .service, "foo\n", false),
        .init("n196", .service, "network//ssh", false),
        .init("n199", .service, "net/1ssh", false),
        .init("n202", .service, "net/ssh/", false),
    ]
}
