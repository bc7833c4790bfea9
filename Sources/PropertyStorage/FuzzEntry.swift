internal import Codec
internal import Identifiers
package import Properties

/// Reads bytes as each kind of row of the property store, as if they had come from an engine.
///
/// What is accepted must be accepted again from its own encoding, and an edit of a group must find the
/// properties that a reader of the group does. For fuzzing and tests.
package func exercisePropertyRows(on input: [UInt8]) {
    if let row = try? SnapshotRow(input) {
        precondition((try? SnapshotRow(row.encoded())) == row, "\(row) comes back as another")
    }
    if let register = try? BootRegister(input) {
        precondition(
            (try? BootRegister(register.encoded())) == register,
            "\(register) comes back as another")
    }
    guard let row = try? GroupRow(input) else { return }
    var places = GroupRow.Places(row)
    // Behind every name, so that all properties are gone over.
    let last = [UInt8](repeating: UInt8(ascii: "z"), count: NameRules.nameBytes)
    let end = try? places.place(of: last, 0..<last.count)
    // Other names no operation lets through.
    guard let group = try? PropertyGroup.decode(input),
        group.properties.allSatisfy({ NameRules.isValid($0.name, as: .property) })
    else { return }
    precondition(end != nil, "an edit refuses \(group)")
    precondition(group.header.id == row.id, "an edit takes \(row.id) for \(group.header.id)")
    for property in group.properties {
        var places = GroupRow.Places(row)
        let name = Array(property.name.utf8)
        let place = try? places.place(of: name, 0..<name.count)
        precondition(place?.property != nil, "an edit does not find \(property)")
    }
}

/// The rows of a snapshot's name with one content that it stood for before, and of boots.
package func samplePropertyRows(_ name: SnapshotName) -> [[UInt8]] {
    var register = BootRegister()
    register.note(
        [NodeBoot(node: NodeID(1), boot: 5), NodeBoot(node: NodeID(3), boot: 6)], at: LogIndex(7))
    return [SnapshotRow(name: name, previous: [name.id]).encoded(), register.encoded()]
}
