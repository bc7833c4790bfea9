import Foundation

/// The working copy that these tests were compiled from.
struct Checkout {
    struct File {
        /// Relative to the root, with `/` between folders.
        let path: String
        let text: String
    }

    let root: URL

    /// Three folders above this file, symbolic links resolved.
    init(file: StaticString = #filePath) {
        root = URL(fileURLWithPath: "\(file)").resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }

    /// The names at the top level, without dot files.
    func topLevel() throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: root.path))
            .filter { !$0.hasPrefix(".") }
    }

    func text(of path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// The files under `folder` whose name ends in one of `endings`, in order of their paths.
    func files(under folder: String, endings: [String]) throws -> [File] {
        let start = root.appendingPathComponent(folder).path
        guard let walk = FileManager.default.enumerator(atPath: start) else { return [] }
        var found: [File] = []
        while let relative = walk.nextObject() as? String {
            let isBuild = relative.split(separator: "/").contains { $0.hasPrefix(".build") }
            guard !isBuild, endings.contains(where: relative.hasSuffix) else { continue }
            let path = folder + "/" + relative
            found.append(File(path: path, text: try text(of: path)))
        }
        return found.sorted { $0.path < $1.path }
    }

    /// Every Swift file of the project.
    func swiftFiles() throws -> [File] {
        try ["Sources", "Tests", "cluster", "tools"].flatMap {
            try files(under: $0, endings: [".swift"])
        }
    }

    func manifest() throws -> Manifest {
        Manifest(try text(of: "Package.swift"))
    }
}
