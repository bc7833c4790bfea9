import IOCore
import Identifiers
import Wording
import Yams

/// What one YAML file says, setting by setting, and all that is wrong with it.
struct ConfigurationFile {
    private(set) var values: [(setting: Setting, text: String, origin: Origin)] = []
    private(set) var members: (list: [NodeConfiguration.Member], origin: Origin)?
    private(set) var problems: [Problem] = []
    private let path: String

    /// Reads `text`, which was found at `path`; never fails, but may be all problems.
    init(_ text: String, path: String) {
        self.path = path
        do {
            guard let root = try Yams.compose(yaml: text) else { return }
            readSection("", root)
        } catch let failure as YamlError {
            report(failure)
        } catch {
            problems.append(Problem(.file(path, line: 1, column: 1), "\(error)"))
        }
    }

    private func origin(_ mark: Mark?) -> Origin {
        .file(path, line: mark?.line ?? 1, column: mark?.column ?? 1)
    }

    private mutating func report(_ failure: YamlError) {
        switch failure {
        case .duplicatedKeysInMapping(let duplicates, let context):
            // Yams gives one place for all of them: where the first of them stands first.
            let names = duplicates.joined(separator: ", ")
            problems.append(
                Problem(origin(context.mark), "\(names) is given more than once; keep one"))
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let during = context.map { " (\($0.text))" } ?? ""
            problems.append(Problem(origin(mark), "this is not YAML: \(problem)\(during)"))
        default:
            problems.append(
                Problem(.file(path, line: 1, column: 1), "this is not YAML: \(failure)"))
        }
    }

    private mutating func readSection(_ section: String, _ node: Node) {
        let known = Setting.keys(ofSection: section)
        // A section with nothing in it, such as one whose keys are all commented out.
        if case .scalar = node, Self.text(node) == nil { return }
        guard case .mapping(let mapping) = node else {
            let name = section.isEmpty ? "the file" : section
            problems.append(
                Problem(
                    origin(node.mark),
                    "\(name) must be a mapping with the keys \(known.joined(separator: ", ")),"
                        + " not \(Self.kind(node))"))
            return
        }
        for (key, value) in mapping {
            guard let name = key.string, known.contains(name) else {
                unknown(key, in: section, known: known)
                continue
            }
            let path = section.isEmpty ? name : "\(section).\(name)"
            if Setting.isSection(path) {
                readSection(path, value)
            } else if path == Setting.members.path {
                readMembers(value)
            } else if let setting = Setting(rawValue: path) {
                readScalar(setting, value)
            }
        }
    }

    private mutating func unknown(_ key: Node, in section: String, known: [String]) {
        let place = section.isEmpty ? "" : " in \(section)"
        let allowed = known.joined(separator: ", ")
        problems.append(
            Problem(
                origin(key.mark),
                "\(ValueFailure.quoted(key.string ?? Self.kind(key))) is not a key\(place)"
                    + NearestName.hint(key.string ?? "", among: known) + "; allowed: \(allowed)"))
    }

    private mutating func readScalar(_ setting: Setting, _ node: Node) {
        guard let text = Self.text(node) else {
            problems.append(
                Problem(
                    origin(node.mark),
                    "\(setting.path) must be \(setting.allowed), not \(Self.kind(node))"))
            return
        }
        values.append((setting, text, origin(node.mark)))
    }

    /// The tag of an empty value, of `~` and of `null` (YAML 1.2 §10.2.1.1).
    private static let nullTag = "tag:yaml.org,2002:null"

    /// The text of a scalar that is not null.
    private static func text(_ node: Node) -> String? {
        guard case .scalar(let scalar) = node, node.tag.description != nullTag else { return nil }
        return scalar.string
    }

    private static func kind(_ node: Node) -> String {
        switch node {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar: text(node) == nil ? "empty" : "a single value"
        case .alias: "an alias"
        }
    }

    // MARK: Members

    private mutating func readMembers(_ node: Node) {
        if let text = Self.text(node) {
            values.append((.members, text, origin(node.mark)))
            return
        }
        guard case .sequence(let sequence) = node else {
            problems.append(
                Problem(
                    origin(node.mark),
                    "members must be a list of mappings with the keys id, peer, client,"
                        + " not \(Self.kind(node))"))
            return
        }
        var list: [NodeConfiguration.Member] = []
        for (place, element) in sequence.enumerated() {
            if let member = readMember(element, name: "members[\(place)]") { list.append(member) }
        }
        members = (list, origin(node.mark))
    }

    private mutating func readMember(_ node: Node, name: String) -> NodeConfiguration.Member? {
        guard case .mapping(let mapping) = node else {
            problems.append(
                Problem(
                    origin(node.mark),
                    "\(name) must be a mapping with the keys id, peer, client,"
                        + " not \(Self.kind(node))"))
            return nil
        }
        var fields: [String: Node] = [:]
        for (key, value) in mapping {
            if let text = key.string, ["id", "peer", "client"].contains(text) {
                fields[text] = value
            } else {
                unknown(key, in: name, known: ["id", "peer", "client"])
            }
        }
        for missing in ["id", "peer", "client"] where fields[missing] == nil {
            problems.append(Problem(origin(node.mark), "\(name) has no \(missing)"))
        }
        let id = fields["id"].flatMap { read($0, "\(name).id", .node, Self.memberID) }
        let peer = fields["peer"].flatMap {
            read($0, "\(name).peer", .peerAdvertise, Values.address)
        }
        let client = fields["client"].flatMap {
            read($0, "\(name).client", .clientAdvertise, Values.address)
        }
        guard let id, let peer, let client else { return nil }
        return NodeConfiguration.Member(id: id, peer: peer, client: client)
    }

    private static func memberID(_ text: String) -> NodeID? {
        Values.number(text).flatMap { Ranges.node.contains($0) ? NodeID($0) : nil }
    }

    /// Reads a member's field by `parse`, or reports what `like` allows.
    private mutating func read<Value>(
        _ node: Node, _ name: String, _ like: Setting, _ parse: (String) -> Value?
    ) -> Value? {
        let text = Self.text(node)
        if let value = text.flatMap(parse) { return value }
        let found = text.map(ValueFailure.quoted) ?? Self.kind(node)
        problems.append(
            Problem(origin(node.mark), "\(name) must be \(like.allowed), not \(found)"))
        return nil
    }
}
