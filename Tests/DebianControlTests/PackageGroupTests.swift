import DebianControl
import Identifiers
import Testing

/// Two packages as dpkg writes them, with most of what it can write.
private let sample = """
    Package: g++
    Essential: yes
    Status: install ok installed
    Priority: optional
    Section: devel
    Installed-Size: 13
    Maintainer: Jérôme <j@example.org>
    Architecture: amd64
    Version: 4:12.2.0-3
    Depends: cpp (= 4:12.2.0-3), gcc (= 4:12.2.0-3) | clang, g++-12 (>= 12.2.0-1~)
    Conffiles:
     /etc/a 0123456789abcdef0123456789abcdef
     /etc/b 0123456789abcdef0123456789abcdef obsolete
    Description: GNU C++ compiler
     This is the GNU C++ compiler.
     .
       Indented.

    Package: libc6
    Multi-Arch: same
    Architecture: i386
    Empty:
    Odd:no space
    Depends: a,b
    Installed-Size: 007
    Status: install  ok installed

    Package: libc6
    Multi-Arch: same
    Architecture: amd64

    """

private func groups(_ text: String) throws -> [PackageGroup] {
    try PackageGroup.groups(of: ControlParser.parse(Array(text.utf8)))
}

private func failure(_ text: String) -> String? {
    do {
        _ = try groups(text)
        return nil
    } catch {
        return "\(error)"
    }
}

@Suite struct PackageGroupTests {
    @Test func `fields become typed properties`() throws {
        let group = try #require(try groups(sample).first)
        #expect(group.name == "g_2b_2b")
        #expect(group.title == "g++")
        let shown = group.properties.map { property in
            let values = property.values.map { String(decoding: $0, as: UTF8.self) }
            return "\(property.name) \(property.type) \(values.joined(separator: "|"))"
        }
        #expect(
            shown == [
                "Package astring g++",
                "Essential boolean true",
                "Status astring install|ok|installed",
                "Priority astring optional",
                "Section astring devel",
                "Installed-Size count 13",
                "Maintainer ustring Jérôme <j@example.org>",
                "Architecture astring amd64",
                "Version astring 4:12.2.0-3",
                "Depends astring cpp (= 4:12.2.0-3)|gcc (= 4:12.2.0-3) | clang|g++-12 (>= 12.2.0-1~)",
                "Conffiles astring |/etc/a 0123456789abcdef0123456789abcdef"
                    + "|/etc/b 0123456789abcdef0123456789abcdef obsolete",
                "Description astring GNU C++ compiler|This is the GNU C++ compiler.|.|  Indented.",
                "dpkg__layout astring Package=text|Essential=boolean|Status=words|Priority=text"
                    + "|Section=text|Installed-Size=count|Maintainer=text|Architecture=text"
                    + "|Version=text|Depends=list|Conffiles=lines|Description=lines",
            ])
    }

    @Test func `packages of several architectures have groups of their own`() throws {
        #expect(try groups(sample).map(\.name) == ["g_2b_2b", "libc6_3ai386", "libc6_3aamd64"])
    }

    @Test func `odd fields fall back to what gives them back`() throws {
        let group = try groups(sample)[1]
        #expect(
            group.properties.last?.values.map { String(decoding: $0, as: UTF8.self) } == [
                "Package=text", "Multi-Arch=text", "Architecture=text", "Empty=text", "Odd=raw",
                "Depends=lines", "Installed-Size=text", "Status=text",
            ])
    }

    @Test func `a file is rebuilt byte for byte`() throws {
        let rebuilt = try groups(sample).map { try $0.stanza().bytes }
        #expect(Array(rebuilt.joined(separator: [0x0A])) == Array(sample.utf8))
    }

    @Test func `values over the limit are split between characters`() throws {
        let long = String(repeating: "é", count: 5_000)
        let text = "Package: a\nDescription: x\n \(long)\n"
        let group = try #require(try groups(text).first)
        let description = try #require(group.properties.first { $0.name == "Description" })
        #expect(description.type == .ustring)
        #expect(description.values.count == 3)
        #expect(description.values.allSatisfy { $0.count <= 4_095 })
        #expect(description.values.allSatisfy { String(validating: $0, as: UTF8.self) != nil })
        #expect(try group.stanza().bytes == Array(text.utf8))
    }

    @Test(arguments: [
        ("A: b\n", "line 1: the paragraph has no Package field"),
        ("Package:\n", "line 1: Package holds no name"),
        ("Package: a:b\n", "line 1: a package's name holds no colon"),
        (
            "Package: a\nArchitecture: x\n\nPackage: a\nArchitecture: x\n",
            "line 4: a:x is given already at line 1; keep one"
        ),
    ])
    func `what has no group of its own is told`(text: String, message: String) {
        #expect(failure(text) == message)
    }

    @Test func `a group that is no package's is told`() {
        let group = PackageGroup(name: "a", properties: [])
        #expect(throws: RebuildFailure.self) { try group.stanza() }
    }

    @Test func `mutated files are refused or rebuilt byte for byte, never worse`() throws {
        let seed: UInt64 = 0x5EED_0002
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let spice: [UInt8] = [0x0A, 0x20, 0x09, 0x3A, 0x2C, 0x23, 0x00, 0xC3, 0xFF, 0x30]
        var accepted = 0
        for _ in 0..<4_000 {
            var bytes = Array(sample.utf8)
            for _ in 0..<(1 + random.next() % 4) {
                let place = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 4 {
                case 0: bytes[place] = spice[Int(random.next() % 10)]
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(spice[Int(random.next() % 10)], at: place)
                default: bytes[place] ^= UInt8(1 << (random.next() % 8))
                }
            }
            guard let stanzas = try? ControlParser.parse(bytes),
                let groups = try? PackageGroup.groups(of: stanzas)
            else { continue }
            accepted += 1
            #expect(try groups.map { try $0.stanza().bytes } == stanzas.map(\.bytes))
            #expect(
                groups.allSatisfy {
                    $0.properties.allSatisfy { $0.values.allSatisfy { $0.count < 4_096 } }
                })
        }
        #expect(accepted > 1_000)
    }
}
