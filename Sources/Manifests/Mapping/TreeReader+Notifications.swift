import Properties
import Wording

// How people are told of events (*smf(5)*, notification parameters).
extension TreeReader {
    private static let states = [
        "uninitialized", "maintenance", "offline", "disabled", "online", "degraded",
    ]
    /// Events of the fault manager; their groups have the provider's suffix.
    private static let problems = [
        "problem-diagnosed", "problem-updated", "problem-repaired", "problem-resolved",
    ]

    /// Makes a group of each event that is named, all with the same properties.
    mutating func readNotifications(_ element: Element, of path: PropertyPath) {
        guard let event = element.children.first else { return }
        for name in groupNames(of: event) {
            let group = open(name, type: "notify_params", of: path, event)
            for mechanism in element.children(named: "type") { read(mechanism, into: group) }
        }
    }

    /// The groups that stand for the events in the list, apart by commas.
    private mutating func groupNames(of event: Element) -> [String] {
        let transitions = ["from", "to"].flatMap { way in Self.states.map { "\(way)-\($0)" } }
        var names: [String] = []
        for part in event.value(of: "value").split(separator: ",", omittingEmptySubsequences: false)
        {
            let text = String(part)
            if text == "all" {
                names += transitions
            } else if transitions.contains(text) {
                names.append(text)
            } else if Self.problems.contains(text) {
                names.append("\(text),fmnotify")
            } else {
                report(
                    event,
                    "\(Words.quoted(text)) is no event; write from-STATE, to-STATE, all or problem-diagnosed and its kin"
                )
            }
        }
        return names
    }

    private mutating func read(_ mechanism: Element, into group: PropertyPath?) {
        let name = mechanism.value(of: "name")
        add("\(name),active", mechanism.value(of: "active"), .boolean, to: group, mechanism)
        for child in mechanism.children {
            let values =
                child.name == "paramval"
                ? [(child.value(of: "value"), child)]
                : child.children.map { ($0.value(of: "value"), $0) }
            add("\(name),\(child.value(of: "name"))", values, .astring, to: group, child)
        }
    }
}
