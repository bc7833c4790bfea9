import Properties
import Testing

struct NamingTests {
    @Test(arguments: NameCase.all)
    func `names are checked as libscf checks them`(sample: NameCase) {
        #expect(NameRules.isValid(sample.name, as: sample.kind) == sample.isValid)
    }

    @Test(arguments: [
        (NameRules.Kind.scope, "localhost", true), (.scope, "a,b", false), (.scope, "", false),
        (.service, "a/b/c", true), (.service, "/a", false), (.service, "a,b/c,d", true),
        (.service, String(repeating: "a", count: 120), false),
    ])
    func `scopes and services have rules of their own`(
        kind: NameRules.Kind, name: String, isValid: Bool
    ) {
        #expect(NameRules.isValid(name, as: kind) == isValid)
    }

    @Test(arguments: [
        ("svc:/system/cron", "svc:/system/cron"),
        ("system/cron:default", "svc:/system/cron:default"),
        ("/system/cron:default", "svc:/system/cron:default"),
        ("svc:system/cron", "svc:/system/cron"),
        ("svc://localhost/system/cron", "svc:/system/cron"),
        ("svc://localhost@localhost/system/cron", "svc:/system/cron"),
        ("svc:/a/:properties/pg", "svc:/a/:properties/pg"),
        ("svc:/a:b/:properties/pg/p", "svc:/a:b/:properties/pg/p"),
        ("svc://elsewhere/a", nil), ("svc://localhost", nil), ("svc:/a/:properties", nil),
        ("svc:/a/:properties/", nil), ("svc:/a/:properties/pg/", nil), ("svc:/a:", nil),
        ("svc:/a:b:c", nil), ("svc:/:b", nil), ("file:///etc", nil), ("", nil),
        ("svc:/a/:properties/b/:properties/c", nil), ("svc://9/a", nil),
    ])
    func `paths are read from all forms and written in one`(text: String, path: String?) {
        #expect(PropertyPath(text)?.description == path)
    }

    @Test func `paths know their parts`() throws {
        let path = try #require(PropertyPath("svc:/a:b/:properties/g/p"))
        #expect(path.owner.description == "svc:/a:b")
        #expect(path.servicePath.description == "svc:/a")
        #expect(path.groupPath?.description == "svc:/a:b/:properties/g")
        #expect(path.owner.groupPath == nil)
        #expect(PropertyPath(service: "a", property: "p") == nil)
        #expect(PropertyPath(service: "a", instance: "b c") == nil)
    }

    @Test func `other identifiers are told apart`() {
        #expect(FMRI("svc://localhost/") == .scope("localhost"))
        #expect(FMRI("svc://other") == .scope("other"))
        #expect(FMRI("file://localhost/etc/x") == .file(path: "/etc/x"))
        #expect(FMRI("file:/etc/x") == .file(path: "/etc/x"))
        #expect(FMRI("file:///etc/x") == .file(path: "/etc/x"))
        for text in ["file://host", "file://other/x", "file:///", "file:/", "file://localhost"] {
            #expect(FMRI(text) == nil, "\(text)")
        }
    }

    @Test func `scopes are named, or the local one is meant`() throws {
        for text in ["svc:", "", "svc://", "svc:///", "svc://@localhost"] {
            #expect(FMRI(text) == .scope("localhost"), "\(text)")
        }
        let path = try #require(PropertyPath("svc:/a:b"))
        for text in ["svc:///a:b", "svc://localhost/a:b", "svc://localhost@localhost//a:b", "a:b"] {
            #expect(FMRI(text) == .path(path), "\(text)")
        }
        #expect(FMRI("svc://other/a:b") == .elsewhere(scope: "other", path))
        #expect(PropertyPath("svc://other/a:b") == nil)
        for text in ["svc:/", "svc://a,b/x", "svc://1/x", "svc://other/a:"] {
            #expect(FMRI(text) == nil, "\(text)")
        }
    }
}
