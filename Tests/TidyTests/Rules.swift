/// One place where a rule is broken, as a person would report it.
struct Violation: Equatable, CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    var description: String {
        "\(path):\(line): \(message)"
    }
}

/// The rules over one file.
enum FileRules {
    static let lineLimit = 600
    static let bodyLimit = 60

    static func lengths(_ path: String, _ text: String, _ source: MaskedSource) -> [Violation] {
        var found: [Violation] = []
        let count = text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
        if count > lineLimit {
            found.append(
                Violation(path: path, line: lineLimit, message: "\(count) lines, over \(lineLimit)")
            )
        }
        for body in source.bodies where body.lineCount > bodyLimit {
            found.append(
                Violation(
                    path: path, line: body.firstLine,
                    message: "\(body.lineCount) lines, over \(bodyLimit): \(body.name)"))
        }
        return found
    }

    /// `public` and `open` belong to the client library and the C interface alone.
    static func access(
        _ path: String, _ source: MaskedSource, publicTargets: Set<String>, target: String
    ) -> [Violation] {
        source.words.compactMap { word in
            if word.text == "testable" {
                return Violation(
                    path: path, line: source.line(at: word.offset),
                    message: "tests use a plain import")
            }
            guard word.text == "public", !publicTargets.contains(target) else { return nil }
            return Violation(
                path: path, line: source.line(at: word.offset),
                message: "public outside the client library and the C interface")
        }
    }

    /// A postfix `!`: a force unwrap, `try!`, `as!` or an implicitly unwrapped optional.
    static func forcing(_ path: String, _ source: MaskedSource) -> [Violation] {
        let code = source.code
        return code.indices.dropFirst().compactMap { place in
            guard code[place] == ASCII.exclamation else { return nil }
            let before = code[place - 1]
            let after = place + 1 < code.count ? code[place + 1] : 0
            let closers = Array(")]}>?\"`".utf8)
            guard MaskedSource.isWord(before) || closers.contains(before) else { return nil }
            guard after != ASCII.equals else { return nil }
            return Violation(
                path: path, line: source.line(at: place), message: "force unwrap, try! or as!")
        }
    }

    /// Notes of work left undone, in any kind of file.
    static func leftovers(_ path: String, _ text: String) -> [Violation] {
        // Put together here, so that this file passes its own check.
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]
        var found: [Violation] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            for mark in marks where line.contains(mark) {
                found.append(
                    Violation(path: path, line: number + 1, message: "\(mark) left behind"))
            }
        }
        return found
    }
}

/// The rules over targets and their manifest.
enum TargetRules {
    /// What comes with the toolchain and needs no line in the manifest.
    static let toolchain: Set<String> = [
        "Swift", "Synchronization", "Glibc", "Musl", "Darwin", "Foundation", "FoundationEssentials",
        "Dispatch",
        "Testing",
    ]
    /// Targets that may import nothing of the toolchain either: applied or replayed step by step.
    static let bare: Set<String> = ["Raft", "Identifiers"]

    static func imports(
        _ path: String, _ source: MaskedSource, of target: Manifest.Target
    ) -> [Violation] {
        let allowed = Set(target.dependencies).union(bare.contains(target.name) ? [] : toolchain)
        return source.imports.filter { !allowed.contains($0.module) }.map {
            Violation(
                path: path, line: $0.line,
                message: "imports \($0.module), which \(target.name) does not list")
        }
    }

    /// A target depends on targets of its own floor or below; tests may reach for any.
    static func floors(_ manifest: Manifest) -> [Violation] {
        var found: [Violation] = []
        for target in manifest.targets where !target.isTest {
            guard let floor = target.floor else { continue }
            for name in target.dependencies {
                guard let other = manifest.target(named: name) else { continue }
                if other.floor ?? .max > floor {
                    let height = other.floor.map(String.init) ?? "beside the house"
                    found.append(
                        Violation(
                            path: "Package.swift", line: 0,
                            message: "\(target.name) (\(floor)) points up to \(name) (\(height))"))
                }
            }
        }
        return found
    }

    /// A module named after a type in it makes the type's full name ambiguous.
    static func moduleName(
        _ path: String, _ source: MaskedSource, of target: Manifest.Target
    ) -> [Violation] {
        // Nobody imports a test module, so its name is in nobody's way.
        source.topLevelTypes.filter { $0 == target.name && !target.isTest }.map {
            Violation(path: path, line: 0, message: "type \($0) is named as its module")
        }
    }

    /// Folders are concepts.
    static func folders(_ path: String) -> [Violation] {
        let names = ["Utils", "Util", "Utilities", "Helpers", "Helper", "Manager", "Managers"]
        return path.split(separator: "/").dropLast()
            .filter { folder in
                names.contains { $0.lowercased() == folder.lowercased() }
            }
            .map { Violation(path: path, line: 0, message: "folder \($0) is not a concept") }
    }
}
